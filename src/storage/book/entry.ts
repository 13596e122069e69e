import type { Bounds, NoRoom } from "./bounds.ts";
import type { Disk } from "./disk.ts";
import { type Kept, NOTHING, type Price } from "./price.ts";
import type { Sum } from "./sum.ts";

/** Pieces that an entry works with. */
export interface EntryOptions {
  kind: Kept;
  /** Sums that it is part of; that of all is the last. */
  sums: readonly Sum[];
  bounds: Bounds;
  /** The disk that it is written to; undefined where it is held in memory. */
  disk: Disk | undefined;
  /** Called when it is part of a sum no more. */
  onLeave: (sum: Sum) => void;
}

/** The price of one thing in the book, until it is disposed of. */
export class Entry implements Disposable {
  readonly #options: EntryOptions;
  readonly #sums: Sum[];
  #price = NOTHING;
  #toCome = 0;

  /** An entry that costs nothing yet. */
  constructor(options: EntryOptions) {
    this.#options = options;
    this.#sums = [...options.sums];
    for (const sum of this.#sums) sum.entries++;
  }

  /** The price that is booked. */
  get price(): Price {
    return this.#price;
  }

  /**
   * Takes another price, of which `toCome` bytes are still to be written; gives the reason, and
   * changes nothing, where there is no room.
   */
  change(price: Price, toCome = 0): NoRoom | undefined {
    const noRoom = this.noRoom(price, toCome);
    if (noRoom === undefined) this.set(price, toCome);
    return noRoom;
  }

  /** The reason for which {@link change} would change nothing. */
  noRoom(price: Price, toCome = 0): NoRoom | undefined {
    const { kind, bounds } = this.#options;
    for (const sum of this.#sums) {
      const noRoom = (sum.scope === "all" ? this.#diskFull(price, toCome) : undefined) ??
        bounds.noRoom(sum, { kind, before: this.#price, after: price });
      if (noRoom !== undefined) return noRoom;
    }
  }

  /** Takes the price of what is there, whatever the bounds are. */
  set(price: Price, toCome = 0): void {
    for (const sum of this.#sums) sum.change(this.#options.kind, this.#price, price);
    this.#price = price;
    this.expect(toCome);
  }

  /** Notes what is still to be written of the price that is booked. */
  expect(toCome: number): void {
    const { disk } = this.#options;
    if (disk !== undefined) disk.toCome += toCome - this.#toCome;
    this.#toCome = toCome;
  }

  /** Waits for this recipient no more. */
  release(recipient: string): void {
    const at = this.#sums.findIndex(({ scope, of }) => scope === "recipient" && of === recipient);
    for (const sum of at < 0 ? [] : this.#sums.splice(at, 1)) this.#leave(sum);
  }

  /** Gives everything back. */
  [Symbol.dispose](): void {
    for (const sum of this.#sums.splice(0)) this.#leave(sum);
    this.#price = NOTHING;
    this.expect(0);
  }

  #leave(sum: Sum): void {
    sum.change(this.#options.kind, this.#price, NOTHING);
    sum.entries--;
    this.#options.onLeave(sum);
  }

  #diskFull(price: Price, toCome: number): NoRoom | undefined {
    const { disk } = this.#options;
    const needed = Math.max(toCome - this.#toCome, price.bytes > this.#price.bytes ? 1 : 0);
    if (disk === undefined || needed <= 0) return undefined;
    const left = disk.left();
    if (needed <= left) return undefined;
    return {
      code: "space",
      reason: toCome === 0
        ? "no space is left here"
        : `${toCome} bytes are still to come, and ${left + this.#toCome} are free here`,
    };
  }
}
