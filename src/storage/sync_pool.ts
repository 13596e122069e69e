/** Syncs that run at once; more gain little, and each keeps a file open. */
export const MAX_SYNCS = 24;

/**
 * Runs tasks beside each other, a bounded number of them. What one throws, the next call of any
 * method throws.
 */
export class SyncPool {
  readonly #running = new Set<Promise<void>>();
  #error: unknown;

  /** Starts a task; resolves when there is room for another. */
  async add(task: () => Promise<void>): Promise<void> {
    const running = task()
      .catch((error) => void (this.#error ??= error))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    if (this.#running.size >= MAX_SYNCS) await Promise.race(this.#running);
    this.#throwError();
  }

  /** Resolves when all that was added until now is done. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwError();
  }

  #throwError(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
