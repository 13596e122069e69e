import type { Clock } from "../clock.ts";

/** Sealed bytes of one exchange that may be on their way at first (SPEC.md §11). */
export const WINDOW_BYTES = 4 * 2 ** 20;

/** The same, where the line asks for it. */
export const MAX_WINDOW_BYTES = 16 * 2 ** 20;

/** A line on which an answer takes less than that is filled by {@link WINDOW_BYTES}. */
const FAR_MS = 10;

/**
 * How much may be on its way in one exchange. It is doubled where all of it comes in, and is put
 * away, in less than two round trips: then it is what the other side waits for, and not the line.
 */
export class Window {
  readonly #clock: Clock;
  #bytes = WINDOW_BYTES;
  #askedAt = Infinity;
  #roundTripMs = 0;
  #roundBytes = 0;
  #roundBeganAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that content was asked for. */
  asked(): void {
    this.#askedAt = this.#clock.now();
  }

  /** Notes that the first of what was asked for is here. */
  answered(): void {
    this.#roundBeganAt = this.#clock.now();
    this.#roundTripMs = this.#roundBeganAt - this.#askedAt;
    this.#roundBytes = 0;
  }

  /** Notes that `bytes` were put away; by how many bytes the window is wider from here on. */
  tookIn(bytes: number, { mayGrow }: { mayGrow: boolean }): number {
    this.#roundBytes += bytes;
    if (this.#roundBytes < this.#bytes) return 0;
    const now = this.#clock.now();
    const isFast = now - this.#roundBeganAt < 2 * this.#roundTripMs;
    this.#roundBytes = 0;
    this.#roundBeganAt = now;
    if (!isFast || !mayGrow || this.#roundTripMs < FAR_MS) return 0;
    const wider = Math.min(2 * this.#bytes, MAX_WINDOW_BYTES) - this.#bytes;
    this.#bytes += wider;
    return wider;
  }
}
