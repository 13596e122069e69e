import { join } from "node:path";
import { concat } from "../../bytes.ts";
import type { ArchiveEntry } from "../archive/archive.ts";
import { ArchiveDecoder } from "../archive/archive_decoder.ts";
import { archiveChunks } from "../archive/archive_chunks.ts";
import { manifestFrames, treeItems } from "../archive/manifest.ts";
import { exists, headOf, setModifiedSync, syncFolder } from "../file_system.ts";
import type { FileHead, PartContent, PartOffer } from "./part_content.ts";
import { mergeFolder, placeFolder, replaceFile } from "./publish.ts";
import { StorageError, storageError } from "../storage_error.ts";
import { TreeWriter } from "../archive/tree_writer.ts";
import { WriteQueue } from "../write_queue.ts";

/** Bytes of the content stream that are put together at once when a part is hashed again. */
const READ_BYTES = 2 ** 20;

/** Options of a part of a folder: `creationMode` is 0777 without the bits of the umask. */
export interface PartFolderOptions {
  readonly offer: PartOffer;
  readonly creationMode: number;
  readonly accepts: ((entry: ArchiveEntry) => void) | undefined;
}

/**
 * A transfer of one folder in staging: `tree/` and `manifest` in the folder of the transfer
 * (SPEC.md §14).
 */
export class PartFolder implements PartContent {
  readonly #tree: string;
  readonly #manifestPath: string;
  readonly #options: PartFolderOptions;
  #decoder = new ArchiveDecoder();
  #writer: TreeWriter | undefined;
  #manifest: WriteQueue | undefined;

  constructor(folder: string, options: PartFolderOptions) {
    this.#tree = join(folder, "tree");
    this.#manifestPath = join(folder, "manifest");
    this.#options = options;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    if (!await exists(this.#tree) || !await exists(this.#manifestPath)) return;
    try {
      yield* archiveChunks(treeItems(this.#manifestPath, this.#tree), { chunkBytes: READ_BYTES });
    } catch (error) {
      // What cannot be read back as an archive is where the part ends.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  heads(length: number): AsyncGenerator<FileHead> {
    return headsBelow(this.#tree, [], length);
  }

  async cut(offset: number): Promise<void> {
    const { offer: declared, accepts } = this.#options;
    try {
      if (!await exists(this.#tree)) await Deno.mkdir(this.#tree, { mode: 0o700 });
      const isNew = !await exists(this.#manifestPath);
      this.#writer = new TreeWriter(this.#tree, { declared, accepts });
      const replayed = isNew ? { headers: 0, content: 0 } : this.#replay(this.#writer, offset);
      await this.#writer.cut(replayed.content);
      this.#manifest = await WriteQueue.open(this.#manifestPath, {
        name: declared.name,
        offset: replayed.headers,
        createNew: isNew,
        mode: 0o600,
      });
    } catch (cause) {
      throw storageError(`cannot write "${this.#options.offer.name}"`, cause);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const headers: Uint8Array[] = [];
    for (const event of this.#decoder.push(bytes)) {
      if (event.type === "header") headers.push(event.bytes);
      else if (event.type === "entry") await this.#opened().writer.add(event.entry);
      else await this.#opened().writer.write(event.bytes);
    }
    await this.#opened().manifest.write(concat(headers));
  }

  async sync(): Promise<void> {
    const { writer, manifest } = this.#opened();
    await Promise.all([writer.sync(), manifest.sync()]);
  }

  async finish(): Promise<number> {
    const { offer, creationMode } = this.#options;
    const { writer, manifest } = this.#opened();
    if (!this.#decoder.ended) {
      throw new StorageError("damaged", `"${offer.name}" ends before its archive does`);
    }
    await writer.finish();
    await manifest.sync();
    if (Deno.build.os !== "windows") await Deno.chmod(this.#tree, creationMode);
    setModifiedSync(this.#tree, offer.modified);
    await syncFolder(this.#tree);
    return writer.size;
  }

  async place(path: string, options: { overwrite: boolean; claimed: boolean }): Promise<boolean> {
    // A crash may have come between making the empty folder and moving the tree onto it.
    if (options.claimed && await replaceFile(this.#tree, path)) return true;
    if (await placeFolder(this.#tree, path)) return true;
    return options.overwrite && await mergeFolder(this.#tree, path);
  }

  async isPlaced(): Promise<boolean> {
    return !await exists(this.#tree);
  }

  async remove(): Promise<void> {
    await this.close();
    for (const path of [this.#tree, this.#manifestPath]) {
      if (await exists(path)) await Deno.remove(path, { recursive: true });
    }
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    await this.#manifest?.close();
    this.#writer = this.#manifest = undefined;
  }

  /**
   * Brings decoder and writer to `offset`. Gives how much of it were headers, and content of the
   * last file.
   */
  #replay(writer: TreeWriter, offset: number): { headers: number; content: number } {
    let headers = 0;
    let content = 0;
    let at = 0;
    for (const frame of manifestFrames(this.#manifestPath)) {
      if (at >= offset) break;
      const known = frame.subarray(0, offset - at);
      at += known.length;
      headers += known.length;
      for (const event of this.#decoder.push(known)) {
        if (event.type !== "entry") continue;
        writer.restore(event.entry);
        content = event.entry.folder ? 0 : Math.min(event.entry.size, offset - at);
        this.#decoder.skip(content);
        at += content;
      }
    }
    if (at !== offset) throw new Error(`the manifest ends at ${at}, before ${offset}`);
    return { headers, content };
  }

  #opened(): { writer: TreeWriter; manifest: WriteQueue } {
    if (this.#writer === undefined || this.#manifest === undefined) {
      throw new Error(`cannot write "${this.#options.offer.name}": it is closed`);
    }
    return { writer: this.#writer, manifest: this.#manifest };
  }
}

async function* headsBelow(
  folder: string,
  above: readonly string[],
  length: number,
): AsyncGenerator<FileHead> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const file = join(folder, name);
    const path = [...above, name];
    if (isDirectory) yield* headsBelow(file, path, length);
    else yield { path, head: await headOf(file, length) };
  }
}
