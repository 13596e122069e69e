/** How the pauses between tries grow. */
export interface BackoffOptions {
  /** The first pause, in milliseconds. */
  firstMs: number;
  /** No pause is longer, in milliseconds. */
  longestMs: number;
}

/** The pauses between tries: each twice as long as the one before, up to the longest. */
export class Backoff {
  readonly #options: BackoffOptions;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** The pause before the next try, in milliseconds. */
  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(2 * ms, this.#options.longestMs);
    return ms;
  }

  /** Begins anew with the first pause: the last try went well. */
  reset(): void {
    this.#nextMs = this.#options.firstMs;
  }
}
