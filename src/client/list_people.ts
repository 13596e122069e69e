import { decodeKey } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import type { Session } from "../protocol/session.ts";

/** Somebody a hub knows (SPEC.md §15). */
export interface PersonEntry {
  name: string;
  /** The static key. */
  key: Uint8Array;
  state: "joined" | "away";
  /** Joined or last seen, in milliseconds. */
  since: number;
  /** Transfers that wait at the hub. */
  waiting: number;
}

/** Everybody the hub knows, by name. */
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
      const { name, key, state, since, waiting } = message;
      people.push({
        name,
        key: decodeKey(key),
        state,
        since,
        waiting,
      });
    }
  } finally {
    exchange.end();
  }
}
