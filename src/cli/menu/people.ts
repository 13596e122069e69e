import { multiselect, select } from "@clack/prompts";
import { P2pError } from "../../errors.ts";
import { listPeople, type PersonEntry } from "../../client/list_people.ts";
import { formatDuration } from "../../units.ts";
import { printableName } from "../../ui/printable.ts";
import { answerTo } from "../prompts/answer.ts";
import type { PeopleChoice } from "../../client/recipients.ts";
import { fileItem } from "../../client/items.ts";
import type { Menu } from "./menu.ts";
import { askFromMenu, sendFromMenu } from "./hub.ts";
import { choosePath } from "./choose_path.ts";
import { showPeople } from "../display/people.ts";

/** Sends a file to people who are chosen from all that the hub knows. */
export async function sendToPerson(menu: Menu, signal: AbortSignal): Promise<void> {
  const { hub, others } = await othersAt(menu, signal);
  if (others.length === 0) {
    throw new P2pError("refused", `nobody else has joined "${hub}" yet`, {
      hint: `others join with \`p2p join ${menu.settings.hub} --name NAME\``,
    });
  }
  const names = await choosePeople(others);
  if (names === undefined) return;
  const people = { names, all: false };
  await sendFile("Which file or folder?", { menu, people, signal });
}

/** Sends a file to all who are joined. */
export async function sendToEverybody(menu: Menu, signal: AbortSignal): Promise<void> {
  const { hub, others } = await othersAt(menu, signal);
  const count = others.filter(isHere).length;
  if (count === 0) {
    throw new P2pError("refused", `nobody else is at "${hub}" now`, {
      hint: "who is away gets it later, with «Send to a person»",
    });
  }
  const whom = count === 1 ? "the one other who is here" : `the ${count} others who are here`;
  const people = { names: [], all: true };
  await sendFile(`Which file or folder for ${whom}?`, { menu, people, signal });
}

/** Shows who is joined, and who is away. */
export function whoIsHere(menu: Menu, signal: AbortSignal): Promise<void> {
  return askFromMenu(menu, { ask: (connected) => showPeople(connected, menu), signal });
}

/** The hub's name, and everybody but us: those who are joined first. */
function othersAt(
  menu: Menu,
  signal: AbortSignal,
): Promise<{ hub: string; others: PersonEntry[] }> {
  const ours = String(menu.identity.keyPair.id);
  return askFromMenu(menu, {
    ask: async ({ session, name: hub }) => {
      const people = await listPeople(session);
      const others = people.filter(({ key }) => String(key) !== ours);
      return { hub, others: others.sort((a, b) => Number(isHere(b)) - Number(isHere(a))) };
    },
    signal,
  });
}

function isHere({ state }: PersonEntry): boolean {
  return state === "joined";
}

/** Names of one or more: the one that Enter is pressed on, or several that are ticked. */
async function choosePeople(others: PersonEntry[]): Promise<string[] | undefined> {
  const people = others.map((person) => ({
    value: person.name,
    label: `${printableName(person.name)}${isHere(person) ? "" : ", away"}`,
    hint: `for ${formatDuration(Math.max(Date.now() - person.since, 1_000))}`,
  }));
  const each = people.map((person) => ({ ...person, value: [person.value] }));
  const several = others.length > 1 ? [{ value: [], label: "Several of them" }] : [];
  const chosen = await answerTo((signal) =>
    select<string[]>({ message: "To whom?", options: [...each, ...several], signal })
  );
  if (chosen?.length !== 0) return chosen;
  return await answerTo((signal) =>
    multiselect<string>({ message: "To whom of them?", options: people, signal })
  );
}

async function sendFile(
  message: string,
  { menu, people, signal }: { menu: Menu; people: PeopleChoice; signal: AbortSignal },
) {
  const path = await choosePath(menu, { message, folders: true });
  if (path !== undefined) await sendFromMenu(fileItem(path), { menu, people, signal });
}
