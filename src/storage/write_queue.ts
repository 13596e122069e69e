import { handOver, releaseBuffer } from "../buffer_pool.ts";
import type { P2pError } from "../errors.ts";
import { AdaptiveFile } from "./adaptive_file.ts";
import { writeAll } from "./file_system.ts";
import { storageError } from "./storage_error.ts";

/** Most bytes that wait to be written to one file. */
export const MAX_PENDING_BYTES = 2 ** 19;

/** `createNew` refuses what is there already, links too. */
export interface WriteQueueOptions {
  /** The file's name in errors. */
  readonly name: string;
  readonly offset: number;
  readonly createNew: boolean;
  readonly mode: number;
  /**
   * True to write at once what the system's memory takes ({@link AdaptiveFile}), where nothing runs
   * beside the writes.
   */
  readonly quick?: boolean;
}

/**
 * Writes to one file in the background, in order, at most {@link MAX_PENDING_BYTES} of them at
 * once, so that the next chunk is opened and hashed meanwhile; where it is `quick`, mostly at once.
 * A failed write is thrown by the next call, whichever it is. What was handed over must not be
 * changed or read any more: a buffer that it fills is given back once it is written.
 */
export class WriteQueue {
  readonly #name: string;
  readonly #file: Deno.FsFile;
  /** The file itself, or the quick way to it. */
  readonly #written: Pick<AdaptiveFile, "write">;
  /**
   * Operations on one `FsFile` wait for each other; through a second one a sync runs beside the
   * writes.
   */
  readonly #synced: Deno.FsFile;
  /** Those that are not done, the oldest first. */
  readonly #writes: Promise<void>[] = [];
  #syncing: Promise<void> = Promise.resolve();
  #pending = 0;
  #error: P2pError | undefined;

  /**
   * Opens the file at `path`, which is made with `mode` where `createNew`, and drops what is beyond
   * `offset`.
   */
  static async open(
    path: string,
    { name, offset, createNew, mode, quick = false }: WriteQueueOptions,
  ): Promise<WriteQueue> {
    const file = await Deno.open(path, { write: true, ...(createNew && { createNew, mode }) });
    try {
      await file.truncate(offset);
      await file.seek(offset, Deno.SeekMode.Start);
      return new WriteQueue(name, { file, quick, synced: await Deno.open(path, { write: true }) });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(
    name: string,
    { file, quick, synced }: { file: Deno.FsFile; quick: boolean; synced: Deno.FsFile },
  ) {
    this.#name = name;
    this.#file = file;
    this.#written = quick ? new AdaptiveFile(file) : file;
    this.#synced = synced;
  }

  /** Resolves when there is room for more, which is before `bytes` are written. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    this.#pending += bytes.length;
    const before = this.#writes.at(-1) ?? Promise.resolve();
    this.#writes.push(before.then(() => this.#writeAll(bytes)));
    while (this.#pending > MAX_PENDING_BYTES) await this.#writes[0];
  }

  /** Resolves when all that was handed over is written. */
  async flush(): Promise<void> {
    await this.#writes.at(-1);
    if (this.#error !== undefined) throw this.#error;
  }

  /**
   * Resolves when all that was handed over until now is on disk; with `times`, modes and times too.
   */
  sync({ times = false } = {}): Promise<void> {
    const synced = this.flush().then(() => times ? this.#synced.sync() : this.#synced.syncData())
      .catch((cause) => {
        throw storageError(`cannot write "${this.#name}"`, cause);
      });
    this.#syncing = this.#syncing.then(() => synced).catch(() => {}); // Thrown to the caller.
    return synced;
  }

  /** Waits for what is being written and synced, and closes. */
  async close(): Promise<void> {
    await this.#writes.at(-1);
    await this.#syncing;
    this.#file.close();
    this.#synced.close();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const { length } = bytes;
    try {
      if (this.#error === undefined) await writeAll(this.#written, bytes);
    } catch (cause) {
      this.#error = storageError(`cannot write "${this.#name}"`, cause);
    }
    this.#pending -= length;
    if (length === bytes.buffer.byteLength) releaseBuffer(handOver(bytes));
    this.#writes.shift();
  }
}
