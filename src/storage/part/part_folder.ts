import { join } from "node:path";
import { concat } from "../../bytes.ts";
import type { NameLimits } from "../../names/portable_name.ts";
import { LocalTree } from "../archive/local_tree.ts";
import type { ArchiveEntry } from "../archive/archive.ts";
import { ArchiveDecoder } from "../archive/archive_decoder.ts";
import { ManifestReader } from "../archive/manifest.ts";
import { storedArchive } from "../archive/stored_archive.ts";
import { exists, headOf, setModifiedSync, syncFolder } from "../file_system.ts";
import type { FileHead, Finished, PartContent, PartOffer, PlaceOptions } from "./part_content.ts";
import { mergeFolder } from "./merge_folder.ts";
import { placeFolder, replaceFile } from "./publish.ts";
import { StorageError, storageError } from "../storage_error.ts";
import { TreeWriter } from "../archive/tree_writer.ts";
import { WriteQueue } from "../write_queue.ts";

/** Options of a part of a folder: `creationMode` is 0777 without the bits of the umask. */
export interface PartFolderOptions {
  readonly offer: PartOffer;
  readonly creationMode: number;
  /** What names cannot be here. */
  readonly limits: NameLimits;
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
      yield* storedArchive(this.#manifestPath, new LocalTree(this.#tree, this.#options.limits));
    } catch (error) {
      // What cannot be read back as an archive is where the part ends.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  heads(length: number): AsyncGenerator<FileHead> {
    return headsBelow(this.#tree, [], length);
  }

  async cut(offset: number): Promise<void> {
    const { offer: declared, accepts, limits: names } = this.#options;
    try {
      if (!await exists(this.#tree)) await Deno.mkdir(this.#tree, { mode: 0o700 });
      const isNew = !await exists(this.#manifestPath);
      this.#writer = new TreeWriter(this.#tree, { declared, accepts, names });
      const replayed = isNew ? { frames: 0, content: 0 } : this.#replay(this.#writer, offset);
      await this.#writer.cut(replayed.content);
      this.#manifest = await WriteQueue.open(this.#manifestPath, {
        name: declared.name,
        offset: replayed.frames,
        createNew: isNew,
        mode: 0o600,
      });
    } catch (cause) {
      throw storageError(`cannot write "${this.#options.offer.name}"`, cause);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { writer, manifest } = this.#opened();
    const frames: Uint8Array[] = [];
    for (const event of this.#decoder.push(bytes)) {
      if (event.type === "frame") frames.push(event.bytes);
      if (event.type === "content") await writer.write(event.bytes);
      if (event.type === "entry") await writer.add(event.entry);
      if (event.type === "tail") await writer.end(event.tail);
    }
    await manifest.write(concat(frames));
  }

  async sync(): Promise<void> {
    const { writer, manifest } = this.#opened();
    await Promise.all([writer.sync(), manifest.sync()]);
  }

  async finish(): Promise<Finished> {
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
    return writer.result;
  }

  async place(path: string, options: PlaceOptions): Promise<boolean> {
    // A crash may have come between making the empty folder and moving the tree onto it.
    if (options.claimed && await replaceFile(this.#tree, path)) return true;
    if (await placeFolder(this.#tree, path)) return true;
    return options.overwrite && await mergeFolder(this.#tree, path, options);
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
   * Brings decoder and writer to `offset`. Gives how much of it were frames, and content of the last
   * file.
   */
  #replay(writer: TreeWriter, offset: number): { frames: number; content: number } {
    using reader = new ManifestReader(this.#manifestPath, { limit: offset });
    this.#decoder = reader.decoder;
    let frames = 0;
    let content = 0;
    for (;;) {
      for (const event of reader.events()) {
        if (event.type === "frame") frames += event.bytes.length;
        if (event.type === "tail") writer.restoreEnd(event.tail);
        if (event.type !== "entry") continue;
        writer.restore(event.entry);
        content = 0;
      }
      const length = reader.contentLeft;
      if (length === 0) break;
      reader.skip(length);
      writer.restoreContent(length);
      content += length;
    }
    if (reader.at !== offset) {
      throw new Error(`the manifest ends at ${reader.at}, before ${offset}`);
    }
    return { frames, content };
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
