import { type Clock, systemClock } from "../clock.ts";
import { CHUNK_BYTES } from "../secure/sealed_stream.ts";

/** Bytes of content stream after which a place to go on from is noted in any case (SPEC.md §14). */
export const SEGMENT_BYTES = 8 * 2 ** 20;

/** Time after which a line too slow for a segment gets a place all the same. */
export const PLACE_EVERY_MS = 5_000;

/** Tells at which chunks of a content stream a place to go on from is due (SPEC.md §14). */
export class CheckpointPace {
  readonly #clock: Clock;
  #notedAt: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#notedAt = clock.now();
  }

  /** True where a place is due at `offset`, which the caller notes then. */
  isDue(offset: number): boolean {
    if (offset % CHUNK_BYTES !== 0) return false;
    const now = this.#clock.now();
    if (offset % SEGMENT_BYTES !== 0 && now - this.#notedAt < PLACE_EVERY_MS) return false;
    this.#notedAt = now;
    return true;
  }
}
