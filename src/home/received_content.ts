import { createHash } from "node:crypto";
import { type Checked, object, text } from "../protocol/schema.ts";
import { encodeKey } from "../secure/static_key.ts";
import type { ReceivedKey, ReceivedLog, ReceivedPlace } from "../transfer/receive/already_here.ts";
import { KeyedLog } from "./keyed_log.ts";
import { findPerson } from "./known_people.ts";

const line = object({ savedAs: text(4096), stamp: text(256) });

/** The files that came to this home, so that none need come twice (SPEC.md §8, `already`). */
export class ReceivedContent implements ReceivedLog {
  readonly #home: string;
  readonly #log: KeyedLog<Checked<typeof line>>;

  constructor(home: string) {
    this.#home = home;
    this.#log = new KeyedLog({ home, file: "received.log", check: line });
  }

  /** The place of a file; undefined where it did not come, or long ago. */
  find(key: ReceivedKey): Promise<ReceivedPlace | undefined> {
    return this.#log.find(keyOf(key));
  }

  /** Notes the place of a file. */
  add(key: ReceivedKey, { savedAs, stamp }: ReceivedPlace): void {
    this.#log.add(keyOf(key), { savedAs, stamp });
  }

  /** Resolves when all that was noted is written. */
  written(): Promise<void> {
    return this.#log.written();
  }

  /** True where the user of this home has vouched for the owner of that id. */
  async isVouched(senderKey: Uint8Array): Promise<boolean> {
    return await findPerson(this.#home, senderKey) !== undefined;
  }
}

function keyOf({ dir, senderKey, name, sha256 }: ReceivedKey): string {
  const facts = JSON.stringify([dir, encodeKey(senderKey), name, sha256]);
  return createHash("sha256").update(facts).digest("hex").slice(0, 32);
}
