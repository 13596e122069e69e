import { type Clock, systemClock } from "./clock.ts";

const EVERY_MS = 60_000;

/** Lets go of what is too old of one thing. */
export type Sweep = () => Promise<void> | void;

/** Lets go of what is too old, once a minute, one thing after the other. */
export class Sweeps implements AsyncDisposable {
  readonly #sweeps: readonly Sweep[];
  readonly #onError: (error: Error) => void;
  readonly #timer: Disposable;
  #running: Promise<void> | undefined;

  /** Sweeps from a minute from now on; an error of one is reported, and the others go on. */
  constructor(
    sweeps: readonly Sweep[],
    { clock = systemClock, onError }: {
      clock?: Clock | undefined;
      onError: (error: Error) => void;
    },
  ) {
    this.#sweeps = sweeps;
    this.#onError = onError;
    this.#timer = clock.every(EVERY_MS, () => this.#begin());
  }

  /** Resolves when the sweep that runs now has ended; no other begins. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#running;
  }

  /** A sweep that takes longer than a minute is not begun a second time. */
  #begin() {
    this.#running ??= this.#sweep().finally(() => this.#running = undefined);
  }

  async #sweep() {
    for (const sweep of this.#sweeps) {
      try {
        await sweep();
      } catch (error) {
        this.#onError(error as Error);
      }
    }
  }
}
