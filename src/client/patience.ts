import { Backoff } from "../backoff.ts";
import { P2pError } from "../errors.ts";
import { sleep } from "../sleep.ts";

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

/** The pauses before something is opened again for which there was no place. */
const BUSY_PAUSES = { firstMs: 100, longestMs: 2_000 };

/**
 * The result of `work`, which is done again while the other side has no place for it, for `giveUpMs`
 * at most.
 */
export async function unlessBusy<T>(
  work: () => Promise<T>,
  { giveUpMs, signal }: { giveUpMs: number; signal: AbortSignal },
): Promise<T> {
  const until = performance.now() + giveUpMs;
  for (const pauses = new Backoff(BUSY_PAUSES);;) {
    try {
      return await work();
    } catch (error) {
      const isBusy = error instanceof P2pError && error.detail === "busy";
      const pauseMs = pauses.next();
      if (!isBusy || performance.now() + pauseMs > until) throw error;
      await sleep(pauseMs, signal);
    }
  }
}
