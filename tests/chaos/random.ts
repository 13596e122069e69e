import { crc32 } from "node:zlib";

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  /** `label` sets streams of one seed apart. */
  constructor(seed: number, label = "") {
    this.#state = (seed ^ crc32(label)) >>> 0;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = this.#state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` to `most`. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** An integer from `least`, at least 1, to `most`: each order of magnitude as often as the next. */
  spread(least: number, most: number): number {
    return Math.round(Math.exp(Math.log(least) + this.next() * Math.log(most / least)));
  }

  /** One of several. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  /** All of them, in another order. */
  shuffled<T>(values: readonly T[]): T[] {
    const keyed = values.map((value) => ({ value, key: this.next() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
  }
}
