import type { Journal } from "./journal.ts";
import type { PartContent } from "./part_content.ts";

/** Whole segments that may be not on disk yet: with the one that is coming, the most that a kill costs. */
export const MAX_SEGMENTS_BEHIND = 2;

/**
 * Writes to the journal what is on disk of a content stream: the content is synced, then the line is written and synced
 * (SPEC.md §14). It runs beside the writes of later segments, one at a time, for all segments that were written by then.
 */
export class Checkpoints {
  readonly #content: PartContent;
  readonly #journal: Journal;
  #waiting: object[] = [];
  /** How many lines the checkpoint that runs now will write. */
  #syncing = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(content: PartContent, journal: Journal) {
    this.#content = content;
    this.#journal = journal;
  }

  /** Takes the line of a segment that was written; resolves when the next may be. Throws what an earlier one failed with. */
  async add(line: { offset: number; digest: string }): Promise<void> {
    this.#waiting.push(line);
    const behind = this.#syncing + this.#waiting.length;
    if (this.#syncing > 0 && behind < MAX_SEGMENTS_BEHIND) return;
    await this.#running;
    this.#start();
  }

  /** Resolves when none runs. */
  async settle(): Promise<void> {
    await this.#running;
  }

  /** Resolves when all lines are on disk. */
  async flush(): Promise<void> {
    await this.#running;
    if (this.#waiting.length > 0) this.#start();
    await this.#running;
  }

  #start(): void {
    this.#running = this.#sync(this.#waiting.splice(0));
    // It is thrown where it is awaited next.
    this.#running.catch(() => {});
  }

  async #sync(lines: readonly object[]): Promise<void> {
    this.#syncing = lines.length;
    try {
      await this.#content.sync();
      await this.#journal.commit(...lines);
    } finally {
      this.#syncing = 0;
    }
  }
}
