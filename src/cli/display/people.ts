import type { Connected } from "../../client/connect.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { checkListed } from "../../home/known_people.ts";
import { listPeople, type PersonEntry } from "../../client/list_people.ts";
import { formatDate, isoDate } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import type { Output } from "./output.ts";

/**
 * Shows the people at a hub: joined or away, and what waits for them. "refused" where a key has
 * changed.
 */
export async function showPeople(
  { session, fingerprint: hub }: Connected,
  { home, output }: { home: string; output: Output },
): Promise<void> {
  const people = await listPeople(session);
  if (people.length === 0) output.note("nobody has joined this hub yet");
  const width = Math.max(0, ...people.map(({ name }) => printable(name).length));
  for (const person of people) showPerson(person, { width, output });
  const [changed, ...more] = await checkListed(home, { hub, people });
  for (const error of more) output.failure(error);
  if (changed !== undefined) throw changed;
}

function showPerson(
  { name, key, state, since: ms, waiting }: PersonEntry,
  { width, output }: { width: number; output: Output },
) {
  const since = isoDate(ms);
  const shown = fingerprint(key);
  output.event({ event: "peer", name, fingerprint: shown, state, since, waiting });
  const here = state === "joined" ? output.style.green("joined") : output.style.dim("away  ");
  const files = waiting === 0 ? "" : `, ${waiting} ${waiting === 1 ? "file waits" : "files wait"}`;
  const seen = formatDate(Date.parse(since));
  output.result(`${here}  ${printable(name).padEnd(width)}  ${shown}  since ${seen}${files}`);
}
