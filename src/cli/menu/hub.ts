import { P2pError } from "../../errors.ts";
import { connect, type Connected } from "../../client/connect.ts";
import type { Item } from "../../client/deliver.ts";
import { parseAddress } from "../../transport/address.ts";
import type { PeopleChoice } from "../../client/recipients.ts";
import { exitCodeOf } from "../exit_code.ts";
import type { Menu } from "./menu.ts";
import { sendItems } from "../../client/send_items.ts";
import { askTrust } from "../prompts/ask_trust.ts";

/** The hint after a transfer that was stopped or cut off. */
export const GO_ON = "send it again: it goes on where it stopped";

/** The exit code of what was refused. */
const REFUSED = 4;

/** How long the menu tries to reconnect after a cut. */
const GIVE_UP_MS = 60_000;

/** Sends to the hub of the menu, or through it to people, and tells what becomes of it. */
export async function sendFromMenu(
  item: Item,
  { menu, people, signal }: { menu: Menu; people?: PeopleChoice; signal: AbortSignal },
): Promise<void> {
  const { home, identity, output, secret, settings: { name, hub } } = menu;
  const exitCode = await sendItems([item], {
    to: parseAddress(hub),
    ...{ identity, name, home, output, secret, people, signal },
    trustNew: trusted(hub, { signal, otherwise: "nothing was sent" }),
    giveUpMs: GIVE_UP_MS,
    goOn: GO_ON,
  });
  if (exitCode === REFUSED) doubtSecret(menu);
}

/** Connects to the hub of the menu, asks it something, and says goodbye. */
export async function askFromMenu<T>(
  menu: Menu,
  { ask, signal }: { ask: (connected: Connected) => Promise<T>; signal: AbortSignal },
): Promise<T> {
  const { home, identity, secret, settings: { name, hub } } = menu;
  const connected = await connect(parseAddress(hub), {
    ...{ identity, name, home, secret, signal },
    trustNew: trusted(hub, { signal, otherwise: "nobody was asked" }),
  }).catch((error) => {
    if (exitCodeOf(error) === REFUSED) doubtSecret(menu);
    throw error;
  });
  try {
    const answer = await ask(connected);
    await connected.session.goodbye("bye", "that was all");
    return answer;
  } finally {
    connected.session.abort();
  }
}

/** Perhaps it was the secret that is wrong: it is asked for again, unless it has let us in. */
function doubtSecret({ join, secret }: Menu) {
  if (!join.isJoined) secret.known = undefined;
}

/** Asks about a hub that is met for the first time; a no is told in words that fit here. */
function trusted(
  hub: string,
  { signal, otherwise }: { signal: AbortSignal; otherwise: string },
): (fingerprint: string) => Promise<boolean> {
  const ask = askTrust(hub, { trustNew: false, signal });
  return async (fingerprint) => {
    if (await ask(fingerprint)) return true;
    throw new P2pError("refused", `${otherwise}: ${hub} is not known yet`, {
      hint: "ask whoever runs the hub for the fingerprint that it shows, and compare",
    });
  };
}
