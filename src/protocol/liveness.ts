import type { Clock } from "../clock.ts";

/** The time that a side may be silent, and that the other one waits (SPEC.md §11). */
export interface LivenessTimes {
  /** From the last word to a `ping`. */
  pingAfterMs: number;
  /** From hearing something to a word in return. */
  answerWithinMs: number;
  /** From a word to the end of the session where nothing is heard. */
  lostAfterMs: number;
}

/**
 * The acceptor waits longer: its answer to a ping is word enough, and a hub has thousands to keep
 * alive.
 */
export const LIVENESS_TIMES = {
  initiator: { pingAfterMs: 25_000, answerWithinMs: 5_000, lostAfterMs: 15_000 },
  acceptor: { pingAfterMs: 35_000, answerWithinMs: 5_000, lostAfterMs: 15_000 },
};

/**
 * Tells when a side has to speak up, and when the line is dead: by what was said and heard, byte by
 * byte (SPEC.md §11).
 */
export class Liveness {
  readonly #clock: Clock;
  #saidAt: number;
  #heardAt: number;
  /** When the first word was said that nothing was heard after; undefined where something was. */
  #askedAt: number | undefined;
  /** When something was heard that nothing was said after; a `pong` is nothing. */
  #owedSince: number | undefined;
  /** Bytes of a frame are here that is not whole yet. */
  #isInFrame = false;
  #holdsBack = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#saidAt = clock.now();
    this.#heardAt = this.#saidAt;
  }

  /** Notes that we say something; a `pong` asks for no answer. */
  said({ isPong }: { isPong: boolean }): void {
    this.#saidAt = this.#clock.now();
    this.#owedSince = undefined;
    if (!isPong) this.#askedAt ??= this.#saidAt;
  }

  /** The time at which bytes last came. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Notes that bytes have come. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#askedAt = undefined;
    this.#isInFrame = true;
  }

  /** Notes that a frame is whole. */
  took({ isPong }: { isPong: boolean }): void {
    this.#isInFrame = false;
    if (!isPong) this.#owedSince ??= this.#clock.now();
  }

  /** True while nothing is read: then the other side is not given up, and hears that we live. */
  set holdsBack(holdsBack: boolean) {
    this.#holdsBack = holdsBack;
    if (this.#askedAt !== undefined) this.#askedAt = this.#clock.now();
  }

  /** The step that is due now. */
  due({ pingAfterMs, answerWithinMs, lostAfterMs }: LivenessTimes):
    | "lost"
    | "ping"
    | "pong"
    | undefined {
    const now = this.#clock.now();
    if (this.#askedAt !== undefined && !this.#holdsBack && now - this.#askedAt >= lostAfterMs) {
      return "lost";
    }
    if (now - this.#saidAt >= pingAfterMs) return "ping";
    const owedSince = this.#isInFrame || this.#holdsBack ? this.#saidAt : this.#owedSince;
    return owedSince !== undefined && now - owedSince >= answerWithinMs ? "pong" : undefined;
  }
}
