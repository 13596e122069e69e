import type { Connected } from "../../client/connect.ts";
import { HubClient, type Questions } from "../../client/hub_client.ts";
import type { Item } from "../../client/items.ts";
import type { PeopleChoice } from "../../client/recipients.ts";
import { GIVE_UP_MS, sendBatch } from "../../client/send_batch.ts";
import { P2pError } from "../../errors.ts";
import { parseAddress } from "../../transport/address.ts";
import { showBatchResult } from "../display/batch_result.ts";
import { showClientEvents } from "../display/client_events.ts";
import { hubQuestions } from "../prompts/hub_questions.ts";
import type { Menu } from "./menu.ts";

/** The hint after a transfer that was stopped or cut off. */
export const RESUME_HINT = "send it again: it goes on where it stopped";

/** Sends to the hub of the menu, or through it to people, and shows what becomes of it. */
export async function sendFromMenu(
  item: Item,
  { menu, people, signal }: { menu: Menu; people?: PeopleChoice; signal: AbortSignal },
): Promise<void> {
  const { output } = menu;
  const client = clientOf(menu, { signal, otherwise: "nothing was sent" });
  await output.showProgress();
  const result = await sendBatch(client, [item], { people, giveUpMs: GIVE_UP_MS, signal });
  showBatchResult(result, { output, resumeHint: RESUME_HINT });
}

/** Connects to the hub of the menu, asks it something, and says goodbye. */
export function askFromMenu<T>(
  menu: Menu,
  { ask, signal }: { ask: (connected: Connected) => Promise<T>; signal: AbortSignal },
): Promise<T> {
  return clientOf(menu, { signal, otherwise: "nobody was asked" }).visit(signal, ask);
}

function clientOf(
  { home, identity, output, secret, settings: { name, hub } }: Menu,
  asking: { signal: AbortSignal; otherwise: string },
): HubClient {
  const person = { address: parseAddress(hub), identity, name, home };
  return new HubClient({
    ...person,
    secret,
    questions: menuQuestions(asking),
    onEvent: showClientEvents(person, output, { resumeHint: RESUME_HINT }),
  });
}

/** A hub that is not trusted is an error in words that fit here. */
function menuQuestions(
  { signal, otherwise }: { signal: AbortSignal; otherwise: string },
): Questions {
  const { trustKey, secret } = hubQuestions({ signal });
  return {
    secret,
    trustKey: async (hub, fingerprint) => {
      if (await trustKey(hub, fingerprint)) return true;
      throw new P2pError("refused", `${otherwise}: ${hub} is not known yet`, {
        hint: "ask whoever runs the hub for the fingerprint that it shows, and compare",
      });
    },
  };
}
