import type { Connected } from "../../client/connect.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { checkListed } from "../../home/known_people.ts";
import { listPeople, type PersonEntry } from "../../client/list_people.ts";
import { formatDate, isoDate } from "../../units.ts";
import { nameColumn } from "../../ui/name_column.ts";
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
  const inColumn = nameColumn(people.map(({ name }) => name));
  for (const person of people) showPerson(person, { inColumn, output });
  const [changed, ...more] = await checkListed(home, { hub, people });
  for (const error of more) output.failure(error);
  if (changed !== undefined) throw changed;
}

function showPerson(
  { name, key, state, since: ms, waiting }: PersonEntry,
  { inColumn, output }: { inColumn: (name: string) => string; output: Output },
) {
  const since = isoDate(ms);
  const shown = fingerprint(key);
  output.event({ event: "peer", name, fingerprint: shown, state, since, waiting });
  const here = state === "joined" ? output.style.green("joined") : output.style.dim("away  ");
  const files = waiting === 0 ? "" : `, ${waiting} ${waiting === 1 ? "file waits" : "files wait"}`;
  const seen = formatDate(Date.parse(since));
  output.result(`${here}  ${inColumn(name)}  ${shown}  since ${seen}${files}`);
}
