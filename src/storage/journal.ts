import type { Check } from "../protocol/schema.ts";
import { storageError } from "./storage_error.ts";
import { syncFolder, writeAll } from "./file_system.ts";

/**
 * Lines of a journal as they are: for one whose lines have several shapes, see {@link linesLike}.
 */
export const anyLine: Check<object> = (value) => {
  if (typeof value === "object" && value !== null) return value;
  throw new TypeError("not an object");
};

/**
 * The lines of the journal at `path` that `check` takes. What a crash tore is as good as not
 * written, and what this version does not know is not for it.
 */
export async function readJournal<T>(path: string, check: Check<T>): Promise<T[]> {
  try {
    return linesLike((await Deno.readTextFile(path)).split("\n").flatMap(parseLine), check);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw storageError("cannot read the journal", cause);
  }
}

/** Those of `lines` that `check` takes, as it gives them. */
export function linesLike<T>(lines: readonly unknown[], check: Check<T>): T[] {
  return lines.flatMap((line) => {
    try {
      return [check(line, "")];
    } catch {
      return [];
    }
  });
}

/** An append-only file of JSON lines (SPEC.md §14). One process at a time has it open. */
export class Journal {
  readonly #file: Deno.FsFile;
  /** Folders whose entries lead here; a line is not on disk before they are. */
  #parents: readonly string[];

  /**
   * Opens or makes the journal at `path`, private; `parents` are the folders to sync with the first
   * commit.
   */
  static async open(path: string, parents: readonly string[]): Promise<Journal> {
    try {
      const file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
      const journal = new Journal(file, parents);
      // What a crash tore must not swallow the next line.
      if ((await file.stat()).size > 0) await journal.#write("\n");
      return journal;
    } catch (cause) {
      throw storageError("cannot write the journal", cause);
    }
  }

  private constructor(file: Deno.FsFile, parents: readonly string[]) {
    this.#file = file;
    this.#parents = parents;
  }

  /** Writes lines; a crash may lose them until the next {@link commit}. */
  async append(...lines: readonly object[]): Promise<void> {
    try {
      await this.#write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    } catch (cause) {
      throw storageError("cannot write the journal", cause);
    }
  }

  /** Writes lines and resolves when they are on disk, with all before them. */
  async commit(...lines: readonly object[]): Promise<void> {
    await this.append(...lines);
    try {
      await Promise.all([this.#file.syncData(), ...this.#parents.map(syncFolder)]);
      this.#parents = [];
    } catch (cause) {
      throw storageError("cannot write the journal", cause);
    }
  }

  close(): void {
    this.#file.close();
  }

  async #write(text: string): Promise<void> {
    await writeAll(this.#file, new TextEncoder().encode(text));
  }
}

/** The line as a value; none where it is torn. */
export function parseLine(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
