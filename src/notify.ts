/** A condition to wait for: all who wait are woken, however many they are. */
export class Notify {
  readonly #waiting = new Set<() => void>();

  /** Wakes all who wait. */
  notify(): void {
    for (const wake of this.#waiting) wake();
  }

  /**
   * Resolves at the next {@link notify}, or once `signal` aborts; nothing is remembered after that.
   */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }
}
