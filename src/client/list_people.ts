import { fromBase64url } from "../bytes.ts";
import { type PublicKeys, publicKeysOf } from "../secure/identity_keys.ts";
import { P2pError } from "../errors.ts";
import { formatCount } from "../units.ts";
import type { Session } from "../protocol/session.ts";

/** As many as a hub keeps (SPEC.md §12). */
const MOST_PEOPLE = 100_000;

/** A person that a hub knows (SPEC.md §15). */
export interface PersonEntry {
  name: string;
  /** The id. */
  key: Uint8Array;
  keys: PublicKeys;
  state: "joined" | "away";
  /** Joined or last seen, in milliseconds. */
  since: number;
  /** Transfers that wait at the hub. */
  waiting: number;
}

/** All people that the hub knows, by name. */
export async function listPeople(session: Session): Promise<PersonEntry[]> {
  const exchange = session.open();
  try {
    await exchange.send({ type: "list" });
    const people: PersonEntry[] = [];
    while (true) {
      const message = await exchange.receive();
      if (message.type === "listed") return people;
      if (message.type === "refuse") throw new P2pError("refused", message.reason);
      if (message.type !== "person") {
        throw new P2pError("protocol", `"${message.type}" in a list of people`);
      }
      const { name, keys, state, since, waiting } = message;
      if (people.length === MOST_PEOPLE) {
        throw new P2pError("protocol", `a list of more than ${formatCount(MOST_PEOPLE)} people`);
      }
      const theirs = publicKeysOf(fromBase64url(keys));
      people.push({
        name,
        key: theirs.id,
        keys: theirs,
        state,
        since,
        waiting,
      });
    }
  } finally {
    exchange.end();
  }
}
