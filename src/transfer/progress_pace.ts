/** Nine times a second, so that with the last one it is ten at most. */
const REPORT_EVERY_MS = 112;

/** Tells how far something is, ten times a second at most. */
export class ProgressPace {
  readonly #onProgress: (bytes: number) => void;
  #reported: number;
  #reportedAt = -Infinity;

  /** From `start` on, which is not told. */
  constructor(start: number, onProgress: (bytes: number) => void) {
    this.#reported = start;
    this.#onProgress = onProgress;
  }

  /** Takes how far it is, and tells it unless that was done a moment ago. */
  at(bytes: number): void {
    if (performance.now() - this.#reportedAt >= REPORT_EVERY_MS) this.end(bytes);
  }

  /** Takes how far it is in the end, and tells it unless that is no news. */
  end(bytes: number): void {
    if (bytes === this.#reported) return;
    this.#reported = bytes;
    this.#reportedAt = performance.now();
    this.#onProgress(bytes);
  }
}
