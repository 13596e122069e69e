import type { Entry } from "../../storage/book/entry.ts";
import type { Price } from "../../storage/book/price.ts";
import type { SpooledTransfer } from "./spooled_transfer.ts";

/** Bytes in the journal for a recipient: its name, its id, and what became of it. */
const RECIPIENT_BYTES = 256;

/** Bytes that are kept free for the sealed answer of each recipient: a receipt has about 3,500. */
export const ANSWER_BYTES = 4_096;

/** Files of a transfer beside its content: its folder, `journal` and `envelopes`. */
const OWN_FILES = 3;

/** The price of envelopes for as long as they wait. */
export function priceOfEnvelopes({ count, bytes }: { count: number; bytes: number }): Price {
  return {
    bytes: bytes + count * (RECIPIENT_BYTES + ANSWER_BYTES),
    files: OWN_FILES,
    items: count,
  };
}

/** The price of content that has, or will have, so many bytes. */
export function priceOfContent(bytes: number): Price {
  return { bytes, files: 1, items: 1 };
}

/** What one transfer in the spool costs: its envelopes and answers, and its content. */
export class TransferPrice implements Disposable {
  readonly #envelopes: Entry;
  readonly #content: Entry;
  /** Recipients that it does not wait for any more. */
  readonly #released = new Set<string>();

  /** Takes the entries over. */
  constructor({ envelopes, content }: { envelopes: Entry; content: Entry }) {
    this.#envelopes = envelopes;
    this.#content = content;
  }

  /** The entry of the content. */
  get content(): Entry {
    return this.#content;
  }

  /** Takes the price of the transfer as it is now. This comes with each chunk. */
  update(transfer: SpooledTransfer): void {
    const { upload, outcomes, isConcluded } = transfer;
    if (outcomes.size !== this.#released.size) this.#conclude(transfer);
    // Its content has gone, or goes with the sender who still brings it.
    const isGone = isConcluded && !upload.isComing;
    const bytes = isGone ? 0 : upload.bytes;
    if (bytes === this.#content.price.bytes) return this.#content.expect(upload.bytesToCome);
    this.#content.set(priceOfContent(bytes), isGone ? 0 : upload.bytesToCome);
  }

  [Symbol.dispose](): void {
    this.#envelopes[Symbol.dispose]();
    this.#content[Symbol.dispose]();
  }

  #conclude(transfer: SpooledTransfer): void {
    for (const name of transfer.outcomes.keys()) {
      if (this.#released.has(name)) continue;
      this.#released.add(name);
      this.#content.release(name);
    }
    if (!transfer.isConcluded) return;
    // The ledger is left: the folder and its journal.
    const { recipients } = transfer.relay;
    const bytes = transfer.answerBytes + recipients.length * RECIPIENT_BYTES;
    this.#envelopes.set({ bytes, files: OWN_FILES - 1, items: recipients.length });
  }
}
