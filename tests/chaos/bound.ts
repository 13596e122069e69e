// deno-lint-ignore-file no-console -- a run prints its seed and its result
/** What a task takes at most, in minutes; each part of it has its share. */
const minutes = Number(Deno.env.get("P2P_CHAOS_MINUTES") ?? 15);

/** What the run is repeated with. */
export const seed = Number(Deno.env.get("P2P_SEED") ?? Math.floor(Math.random() * 2 ** 31));

console.log(`P2P_SEED=${seed} P2P_CHAOS_MINUTES=${minutes}`);

/** Sizes that take long are part of it. */
export const isLong = minutes >= 30;

/** The time of one part: a `share` of the whole, of which some is left for what ends late. */
export class Bound {
  readonly #until: number;

  constructor(share: number) {
    this.#until = performance.now() + share * minutes * 60_000;
  }

  get isOver(): boolean {
    return performance.now() >= this.#until;
  }
}
