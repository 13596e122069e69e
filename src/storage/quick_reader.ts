/** A read that takes longer has waited for the disk, not for a copy in memory. */
export const SLOW_MS = 5;

/** One of so many reads goes the long way all the same: who only reads leaves time for others every 16 MiB. */
export const BREATH_EVERY = 64;

/** Reads that are left to another thread after the first slow one. */
export const FIRST_DETOUR = 32;

/**
 * Reads of an open file that are done at once while the system's memory gives the bytes: a hop to another thread costs
 * more than such a copy. After one that waited for the disk the next ones are left to another thread, twice as many each
 * time. For a sender, who has nobody else to serve, and for what a hub has just written: it must not wait for a disk.
 */
export class QuickReader {
  readonly #file: Deno.FsFile;
  #detour = FIRST_DETOUR;
  #left = 0;
  #reads = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** As `Deno.FsFile.read`. */
  async read(into: Uint8Array): Promise<number | null> {
    return this.#isLeftToThread() ? await this.#file.read(into) : this.#readAtOnce(into);
  }

  #isLeftToThread(): boolean {
    const isBreath = ++this.#reads % BREATH_EVERY === 0;
    const isDetour = this.#left > 0 && this.#left-- > 0;
    return isBreath || isDetour;
  }

  #readAtOnce(into: Uint8Array): number | null {
    const startedAt = performance.now();
    const length = this.#file.readSync(into);
    if (performance.now() - startedAt > SLOW_MS) {
      this.#left = this.#detour;
      this.#detour *= 2;
    }
    return length;
  }
}
