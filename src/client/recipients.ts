import { P2pError } from "../errors.ts";
import { nearestName } from "../names/nearest_name.ts";
import type { Connected } from "./connect.ts";
import type { HubClient } from "./hub_client.ts";
import { MAX_RECEIVERS } from "../protocol/messages.ts";
import type { Identity } from "../home/identity.ts";
import { checkPeople } from "../home/known_people.ts";
import { foldedName } from "../names/folded_name.ts";
import { listPeople, type PersonEntry } from "./list_people.ts";
import type { Recipient } from "../transfer/send/relay_outcomes.ts";

/** The people to send to: some by name, or everybody who is joined now. */
export interface PeopleChoice {
  names: string[];
  all: boolean;
}

/**
 * The people of that choice with their keys, as the hub names them and as they were known before.
 * Throws `P2pError` "refused" for an unknown name, for a key that changed, and where there is no
 * recipient.
 */
export async function chooseRecipients(
  { session, name: hub, fingerprint }: Connected,
  { people, client: { identity, home } }: { people: PeopleChoice; client: HubClient },
): Promise<Recipient[]> {
  const known = await listPeople(session);
  const entries = people.all
    ? everybodyElse(known, identity)
    : await Promise.all(people.names.map((name) => named(name, { known, hub })));
  const chosen = [...new Set(entries)];
  if (chosen.length === 0) throw new P2pError("refused", `nobody else is joined at "${hub}"`);
  if (chosen.length > MAX_RECEIVERS) {
    throw new P2pError(
      "refused",
      `cannot send to ${chosen.length} people at once: ${MAX_RECEIVERS} are the most`,
    );
  }
  const [changed] = await checkPeople(home, { hub: fingerprint, people: chosen });
  if (changed !== undefined) throw changed;
  return chosen.map(({ name, keys }) => ({ name, keys }));
}

function everybodyElse(known: PersonEntry[], { keyPair }: Identity): PersonEntry[] {
  const ours = String(keyPair.id);
  return known.filter(({ state, key }) => state === "joined" && String(key) !== ours);
}

async function named(
  wanted: string,
  { known, hub }: { known: PersonEntry[]; hub: string },
): Promise<PersonEntry> {
  const found = known.find(({ name }) => foldedName(name) === foldedName(wanted));
  if (found !== undefined) return found;
  throw new P2pError("refused", `nobody named "${wanted}" has joined "${hub}"`, {
    hint: await hintFor(wanted, { known, hub }),
  });
}

async function hintFor(
  wanted: string,
  { known, hub }: { known: PersonEntry[]; hub: string },
): Promise<string> {
  if (foldedName(wanted) === foldedName(hub)) {
    return "that is the hub itself: leave --peer out to send to it";
  }
  const near = await nearestName(wanted, known.map(({ name }) => name));
  return near === undefined ? "see who is there with `p2p peers`" : `did you mean "${near}"?`;
}
