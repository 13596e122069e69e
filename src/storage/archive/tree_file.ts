import { SMALL_FILE_BYTES } from "./archive_chunks.ts";
import type { FileEntry } from "./archive.ts";
import { setModifiedSync } from "../file_system.ts";
import { storageError } from "../storage_error.ts";
import { WriteQueue } from "../write_queue.ts";

/**
 * One file of a folder that is being unpacked: a new file, or one that an earlier run began.
 */
export class TreeFile {
  readonly #path: string;
  readonly #name: string;
  readonly #modified: number;
  readonly #out: Deno.FsFile | WriteQueue;

  /**
   * Opens it at `offset`; new where that is 0, and never through a link. The umask is taken off its
   * mode.
   */
  static async open(
    path: string,
    { entry, offset }: { entry: FileEntry; offset: number },
  ): Promise<TreeFile> {
    const mode = entry.executable ? 0o777 : 0o666;
    const createNew = offset === 0;
    const out = (entry.size ?? Infinity) > SMALL_FILE_BYTES
      ? await WriteQueue.open(path, { name: entry.path.join("/"), offset, createNew, mode })
      : openSmall(path, { offset, createNew, mode });
    return new TreeFile(path, entry, out);
  }

  private constructor(path: string, entry: FileEntry, out: Deno.FsFile | WriteQueue) {
    this.#path = path;
    this.#name = entry.path.join("/");
    this.#modified = entry.modified;
    this.#out = out;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#out instanceof WriteQueue) return await this.#out.write(bytes);
    try {
      for (let left = bytes; left.length > 0;) left = left.subarray(this.#out.writeSync(left));
    } catch (cause) {
      throw storageError(`cannot write "${this.#name}"`, cause);
    }
  }

  /**
   * Resolves when what was taken until now is written, though not synced; sets the time of last
   * change.
   */
  async finish(): Promise<void> {
    if (this.#out instanceof WriteQueue) await this.#out.flush();
    setModifiedSync(this.#path, this.#modified);
  }

  /** Resolves when all that was taken until now is on disk, mode and times too. */
  async sync(): Promise<void> {
    try {
      await this.#out.sync({ times: true });
    } catch (cause) {
      throw storageError(`cannot write "${this.#name}"`, cause);
    }
  }

  /** Closes and removes it: it is not whole. */
  async discard(): Promise<void> {
    await this.close();
    await Deno.remove(this.#path);
  }

  async close(): Promise<void> {
    await this.#out.close();
  }
}

interface OpenOptions {
  readonly offset: number;
  readonly createNew: boolean;
  readonly mode: number;
}

function openSmall(path: string, { offset, createNew, mode }: OpenOptions): Deno.FsFile {
  const file = Deno.openSync(path, { write: true, ...(createNew && { createNew, mode }) });
  if (createNew) return file;
  file.truncateSync(offset);
  file.seekSync(offset, Deno.SeekMode.Start);
  return file;
}
