/** An operation that takes longer has waited for the disk, not for a copy in memory. */
export const SLOW_MS = 5;

/**
 * One of so many operations goes through a thread all the same, so that others have a turn every 16
 * MiB.
 */
export const BREATH_EVERY = 64;

/** Operations that are left to another thread after the first slow one. */
export const FIRST_DETOUR = 32;

/**
 * Reads and writes of an open file that are done at once while the system's memory gives and takes
 * the bytes: a hop to another thread costs more than such a copy. After one that waited for the
 * disk the next ones are left to another thread, twice as many each time, so that a slow disk soon
 * holds up nothing else. Meant for work that has nothing to do meanwhile: a sender that reads, a
 * hub that moves chunks through its spool.
 */
export class AdaptiveFile {
  readonly #file: Deno.FsFile;
  #detour = FIRST_DETOUR;
  #left = 0;
  #operations = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** As `Deno.FsFile.read`. */
  async read(into: Uint8Array): Promise<number | null> {
    return this.#isLeftToThread()
      ? await this.#file.read(into)
      : this.#atOnce(() => this.#file.readSync(into));
  }

  /** As `Deno.FsFile.write`. */
  async write(bytes: Uint8Array): Promise<number> {
    return this.#isLeftToThread()
      ? await this.#file.write(bytes)
      : this.#atOnce(() => this.#file.writeSync(bytes));
  }

  #isLeftToThread(): boolean {
    const isBreath = ++this.#operations % BREATH_EVERY === 0;
    const isDetour = this.#left > 0 && this.#left-- > 0;
    return isBreath || isDetour;
  }

  #atOnce<T>(operation: () => T): T {
    const startedAt = performance.now();
    const result = operation();
    if (performance.now() - startedAt > SLOW_MS) {
      this.#left = this.#detour;
      this.#detour *= 2;
    }
    return result;
  }
}
