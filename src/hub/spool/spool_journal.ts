import { join } from "node:path";
import { Journal } from "../../storage/journal.ts";

/**
 * The journal of one spooled transfer: lines are written one call after the other. The file is open
 * while the sender is here, and no longer: a hub keeps more transfers than it may have files open.
 */
export class SpoolJournal {
  readonly #folder: string;
  #file: Journal | undefined;
  #isHeld = false;
  /** The end of the last write, however that went. */
  #last: Promise<void> = Promise.resolve();

  /** The journal in the folder of a transfer. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes lines that a crash may lose until the next {@link commit}. */
  append(...lines: object[]): Promise<void> {
    return this.#write((file) => file.append(...lines));
  }

  /** Writes lines and resolves when they are on disk, with all before them. */
  commit(...lines: object[]): Promise<void> {
    return this.#write((file) => file.commit(...lines));
  }

  /** Keeps the file open from the next line on, until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Closes the file, once all lines are written. */
  async release(): Promise<void> {
    this.#isHeld = false;
    this.#last = this.#last.then(() => this.#close());
    await this.#last;
  }

  #write(work: (file: Journal) => Promise<void>): Promise<void> {
    const written = this.#last.then(async () => {
      const parents = [this.#folder, join(this.#folder, "..")];
      this.#file ??= await Journal.open(join(this.#folder, "journal"), parents);
      await work(this.#file);
      if (!this.#isHeld) this.#close();
    });
    this.#last = written.catch(() => {}); // Whoever wrote the line has the error.
    return written;
  }

  #close() {
    this.#file?.close();
    this.#file = undefined;
  }
}
