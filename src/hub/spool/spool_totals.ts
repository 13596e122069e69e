import type { KeyText } from "../../secure/static_key.ts";
import type { SpooledTransfer } from "./spooled_transfer.ts";

/** A sum over transfers. */
export interface Total {
  bytes: number;
  transfers: number;
}

/** A transfer as it was counted last. */
interface Counted {
  bytes: number;
  bytesToCome: number;
  /** Names of the recipients that wait for it. */
  waiting: readonly string[];
}

const NOTHING: Counted = { bytes: 0, bytesToCome: 0, waiting: [] };

/**
 * Sums over the transfers in a spool that wait for at least one recipient, kept as they change, so
 * that no relay costs a walk over all of them.
 */
export class SpoolTotals {
  readonly #counted = new Map<SpooledTransfer, Counted>();
  readonly #bySender = new Map<string, Total>();
  readonly #byRecipient = new Map<string, Total>();
  #bytesToCome = 0;

  /** Bytes that were promised to transfers and are not written yet. */
  get bytesToCome(): number {
    return this.#bytesToCome;
  }

  /** Everything that waits from the sender with that key. */
  ofSender(key: KeyText): Readonly<Total> {
    return this.#bySender.get(key) ?? { bytes: 0, transfers: 0 };
  }

  /** Everything that waits for the recipient of that name. */
  ofRecipient(name: string): Readonly<Total> {
    return this.#byRecipient.get(name) ?? { bytes: 0, transfers: 0 };
  }

  /** Counts a transfer from now on. */
  add(transfer: SpooledTransfer): void {
    this.#counted.set(transfer, NOTHING);
    this.update(transfer);
  }

  /** Counts a transfer as it is now; one that was not added is not counted. */
  update(transfer: SpooledTransfer): void {
    const before = this.#counted.get(transfer);
    if (before === undefined) return;
    const { bytes, bytesToCome } = transfer.upload;
    const isSame = before.waiting.length === countWaiting(transfer);
    const now = { bytes, bytesToCome, waiting: isSame ? before.waiting : transfer.waiting };
    this.#counted.set(transfer, now);
    this.#bytesToCome += bytesToCome - before.bytesToCome;
    // This comes with each chunk, and a transfer may be for a thousand.
    if (isSame && bytes === before.bytes) return;
    this.#count(transfer, before, -1);
    this.#count(transfer, now, 1);
  }

  /** Counts a transfer no more. */
  remove(transfer: SpooledTransfer): void {
    const before = this.#counted.get(transfer);
    if (before === undefined) return;
    this.#counted.delete(transfer);
    this.#bytesToCome -= before.bytesToCome;
    this.#count(transfer, before, -1);
  }

  #count({ relay }: SpooledTransfer, { bytes, waiting }: Counted, sign: 1 | -1) {
    if (waiting.length === 0) return;
    change(this.#bySender, relay.from.key, { bytes, sign });
    for (const name of waiting) change(this.#byRecipient, name, { bytes, sign });
  }
}

function countWaiting({ relay, outcomes }: SpooledTransfer): number {
  return relay.recipients.length - outcomes.size;
}

function change(
  totals: Map<string, Total>,
  of: string,
  { bytes, sign }: { bytes: number; sign: 1 | -1 },
) {
  const total = totals.get(of) ?? { bytes: 0, transfers: 0 };
  total.bytes += sign * bytes;
  total.transfers += sign;
  if (total.transfers === 0) totals.delete(of);
  else totals.set(of, total);
}
