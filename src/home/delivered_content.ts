import { createHash } from "node:crypto";
import { type Checked, hex, object, text } from "../protocol/schema.ts";
import type { Source } from "../transfer/source/source.ts";
import { KeyedLog } from "./keyed_log.ts";

const line = object({ sha256: hex(64), stamp: text(64) });

/**
 * The content that was delivered from this home, by receiver and name: what has not changed since
 * can be offered by its digest (SPEC.md §8, `already`).
 */
export class DeliveredContent {
  readonly #log: KeyedLog<Checked<typeof line>>;

  constructor(home: string) {
    this.#log = new KeyedLog({ home, file: "delivered.log", check: line });
  }

  /**
   * SHA-256 in hex of the content of `source` where just that was delivered under this name before
   * to the receiver whose fingerprint is `to`; else null. Reads the source only where its metadata
   * has moved.
   */
  async digestOf(source: Source, to: string): Promise<string | null> {
    if (!isKept(source)) return null;
    const before = await this.#log.find(keyOf(source, to));
    if (before === undefined) return null;
    const isTouched = before.stamp !== source.exactStamp;
    if (isTouched && await source.digest(Infinity) !== before.sha256) return null;
    return before.sha256;
  }

  /** Notes that the receiver whose fingerprint is `to` has `source`. */
  add(source: Source, { to, sha256 }: { to: string; sha256: string }): void {
    if (isKept(source)) this.#log.add(keyOf(source, to), { sha256, stamp: source.exactStamp! });
  }

  /** Resolves when all that was noted is written. */
  written(): Promise<void> {
    return this.#log.written();
  }
}

/** A text is sent again to be read again; what is no file is not there to be compared. */
function isKept({ folder, text, stamp, exactStamp }: Source): boolean {
  return !folder && !text && stamp !== null && exactStamp !== null;
}

function keyOf({ name, size }: Source, to: string): string {
  const facts = JSON.stringify([to, name, size]);
  return createHash("sha256").update(facts).digest("hex").slice(0, 32);
}
