import { join } from "node:path";
import { fileBytes } from "../file_digest.ts";
import { exists, headOf, infoOf, setModifiedSync } from "../file_system.ts";
import type { FileHead, Finished, PartContent, PartOffer } from "./part_content.ts";
import { linkFile, replaceFile } from "./publish.ts";
import { StorageError, storageError } from "../storage_error.ts";
import { WriteQueue } from "../write_queue.ts";

/** Options of a part of a file: `creationMode` is 0777 without the bits of the umask. */
export interface PartFileOptions {
  readonly offer: PartOffer;
  readonly creationMode: number;
}

/** A transfer of one file in staging: `content` in the folder of the transfer (SPEC.md §14). */
export class PartFile implements PartContent {
  readonly #path: string;
  readonly #offer: PartOffer;
  readonly #mode: number;
  #queue: WriteQueue | undefined;
  #size = 0;

  constructor(folder: string, { offer, creationMode }: PartFileOptions) {
    this.#path = join(folder, "content");
    this.#offer = offer;
    this.#mode = creationMode & (offer.executable ? 0o777 : 0o666);
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const info = await infoOf(this.#path);
    if (info !== undefined && isOurs(info)) yield* fileBytes(this.#path);
  }

  async *heads(length: number): AsyncGenerator<FileHead> {
    yield { path: [], head: await headOf(this.#path, length) };
  }

  async cut(offset: number): Promise<void> {
    try {
      let info = await infoOf(this.#path);
      if (info !== undefined && !isOurs(info)) {
        // It may be a published file by now: that must not be written to.
        await Deno.remove(this.#path);
        info = undefined;
      }
      this.#queue = await WriteQueue.open(this.#path, {
        name: this.#offer.name,
        offset,
        createNew: info === undefined,
        mode: 0o600,
      });
      this.#size = offset;
    } catch (cause) {
      throw storageError(`cannot write "${this.#offer.name}"`, cause);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    const { size, name } = this.#offer;
    this.#size += bytes.length;
    if (size !== null && this.#size > size) {
      throw new StorageError(
        "damaged",
        `"${name}" is longer than the ${size} bytes it was offered with`,
      );
    }
    return this.#opened().write(bytes);
  }

  sync(): Promise<void> {
    return this.#opened().sync();
  }

  async finish(): Promise<Finished> {
    const { size, name, modified } = this.#offer;
    if (size !== null && this.#size !== size) {
      throw new StorageError(
        "damaged",
        `"${name}" has ${this.#size} bytes, not ${size} as it was offered`,
      );
    }
    await this.#opened().flush();
    if (Deno.build.os !== "windows") await Deno.chmod(this.#path, this.#mode);
    setModifiedSync(this.#path, modified);
    await this.#opened().sync({ times: true });
    return { bytes: this.#size, missing: 0, renamed: { entries: [], count: 0 } };
  }

  place(path: string, { overwrite }: { overwrite: boolean }): Promise<boolean> {
    return overwrite ? replaceFile(this.#path, path) : linkFile(this.#path, path);
  }

  /** A second name can only come from `link`, and nobody else takes `content` away. */
  async isPlaced(path: string): Promise<boolean> {
    const info = await infoOf(this.#path);
    if (info === undefined || hasOtherNames(info)) return true;
    const placed = await Deno.lstat(path).catch(() => undefined);
    return placed !== undefined && info.ino !== null && placed.ino === info.ino &&
      placed.dev === info.dev;
  }

  async remove(): Promise<void> {
    await this.close();
    if (await exists(this.#path)) await Deno.remove(this.#path);
  }

  async close(): Promise<void> {
    await this.#queue?.close();
    this.#queue = undefined;
  }

  #opened(): WriteQueue {
    if (this.#queue === undefined) {
      throw new Error(`cannot write "${this.#offer.name}": it is closed`);
    }
    return this.#queue;
  }
}

function isOurs(info: Deno.FileInfo): boolean {
  return info.isFile && !hasOtherNames(info);
}

function hasOtherNames(info: Deno.FileInfo): boolean {
  return (info.nlink ?? 1) > 1;
}
