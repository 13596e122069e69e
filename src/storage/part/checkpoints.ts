import type { Journal } from "../journal.ts";
import type { PartContent } from "./part_content.ts";
import { trace } from "../../trace.ts";

/** Most whole segments that are written and not in the journal: all that a kill costs. */
export const MAX_SEGMENTS_BEHIND = 2;

/**
 * Writes to the journal what is on disk of a content stream: the content is synced, then the line
 * is written and synced (SPEC.md §14). It runs beside the writes of the next segment.
 */
export class Checkpoints {
  readonly #content: PartContent;
  readonly #journal: Journal;
  #running: Promise<void> = Promise.resolve();

  constructor(content: PartContent, journal: Journal) {
    this.#content = content;
    this.#journal = journal;
  }

  /**
   * Takes the line of a segment that was written; resolves when the next may be. Throws what an
   * earlier one failed with.
   */
  async add(line: { offset: number; digest: string }): Promise<void> {
    await this.#running;
    this.#running = this.#sync(line);
    this.#running.catch(() => {}); // It is thrown where it is awaited next.
  }

  /** Resolves when all lines are on disk. */
  async settle(): Promise<void> {
    await this.#running;
  }

  async #sync(line: { offset: number; digest: string }): Promise<void> {
    const startedAt = performance.now();
    await this.#content.sync();
    await this.#journal.commit(line);
    if (trace.storage.hasSubscribers) {
      const ms = Math.round(performance.now() - startedAt);
      trace.storage.publish({ what: "checkpoint", state: true, offset: line.offset, ms });
    }
  }
}
