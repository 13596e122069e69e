import { Backoff } from "../backoff.ts";

/** The pauses between tries to reconnect. */
const PAUSES = { firstMs: 500, longestMs: 8_000 };

/** The tries to reach a lost hub again. What moves is not given up, however often it is cut. */
export class Patience {
  readonly #giveUpMs: number;
  readonly #pauses = new Backoff(PAUSES);
  #hasMoved = true;
  #until = 0;

  constructor(giveUpMs: number) {
    this.#giveUpMs = giveUpMs;
  }

  /** Notes that something got through: the next cut is a first one. */
  moved(): void {
    this.#hasMoved = true;
  }

  /**
   * The pause before the next try in milliseconds; undefined where it has been tried for long
   * enough.
   */
  next(): number | undefined {
    const now = performance.now();
    if (this.#hasMoved) {
      this.#hasMoved = false;
      this.#until = now + this.#giveUpMs;
      this.#pauses.reset();
    }
    const pauseMs = this.#pauses.next();
    return now + pauseMs > this.#until ? undefined : pauseMs;
  }
}
