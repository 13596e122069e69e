import { join } from "node:path";
import type { ArchiveEntry, Tail } from "./archive.ts";
import type { NameLimits } from "../../names/portable_name.ts";
import { LocalTree } from "./local_tree.ts";
import { ignoreMissing, setModifiedSync, syncFolder } from "../file_system.ts";
import { StorageError, storageError } from "../storage_error.ts";
import { SyncPool } from "../sync_pool.ts";
import { TreeFile } from "./tree_file.ts";

/**
 * The counts that were declared, and the check of each entry, which throws for one that is refused.
 */
export interface TreeWriterOptions {
  readonly declared: { readonly files: number; readonly size: number | null };
  readonly accepts?: ((entry: ArchiveEntry) => void) | undefined;
  /** What names cannot be here. */
  readonly names: NameLimits;
}

/**
 * Unpacks entries that `ArchiveDecoder` has checked below one folder of our own: level by level,
 * each file and folder new. More than was declared, or less at the end, throws StorageError
 * "damaged" (SPEC.md §8, "sizes lie").
 */
export class TreeWriter {
  readonly #options: TreeWriterOptions;
  readonly #pool = new SyncPool();
  /** The folders that are not left yet, from the top. */
  readonly #open: { path: string; modified: number | null }[];
  readonly #places: LocalTree;
  #last: ArchiveEntry | undefined;
  /** The path of {@link #last} here. */
  #lastPath = "";
  /** True where the content or the tail of {@link #last} is still to come. */
  #isUnfinished = false;
  #file: TreeFile | undefined;
  #files = 0;
  #size = 0;
  #bytes = 0;
  #lastBytes = 0;
  #missing = 0;

  constructor(tree: string, options: TreeWriterOptions) {
    this.#open = [{ path: tree, modified: null }];
    this.#places = new LocalTree(tree, options.names);
    this.#options = options;
  }

  /** Files that are whole and those that are not: their bytes, and their number. */
  get result(): { bytes: number; missing: number; renamed: LocalTree["renamed"] } {
    return { bytes: this.#bytes, missing: this.#missing, renamed: this.#places.renamed };
  }

  /** Makes the file or the folder of an entry. */
  async add(entry: ArchiveEntry): Promise<void> {
    for (const folder of this.#enter(entry)) await this.#leave(folder);
    try {
      if (entry.folder) Deno.mkdirSync(this.#lastPath);
      else if (this.#isUnfinished) {
        this.#file = await TreeFile.open(this.#lastPath, { entry, offset: 0 });
      }
    } catch (cause) {
      throw storageError(`cannot write "${entry.path.join("/")}"`, cause);
    }
  }

  /** Writes content of the file that was added last. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#countContent(bytes.length);
    await this.#file!.write(bytes);
  }

  /** Ends the file that was added last: it stays, unless it is not whole. */
  async end(tail: Tail): Promise<void> {
    const file = this.#file!;
    this.#file = undefined;
    this.#countEnd(tail);
    if (tail.missing !== undefined) return await file.discard();
    await file.finish();
    await this.#pool.add(() => file.sync().finally(() => file.close()));
  }

  /** Takes note of an entry that an earlier run has added, of content and of a tail. */
  restore(entry: ArchiveEntry): void {
    this.#enter(entry);
  }

  restoreContent(length: number): void {
    this.#countContent(length);
  }

  restoreEnd(tail: Tail): void {
    this.#countEnd(tail);
  }

  /**
   * Removes all behind the entry that was restored last, of which it keeps `length` bytes of
   * content.
   */
  async cut(length: number): Promise<void> {
    const last = this.#last;
    // Entries came in ascending order, so what has a greater name than the last one came after it.
    this.#open.forEach(({ path }, depth) => {
      const isLater = (name: string) => {
        const isKnown = this.#places.has(depth, name);
        if (isKnown !== undefined) return !isKnown;
        const end = last?.path[depth];
        return end === undefined || name > end;
      };
      removeWhere(path, isLater);
    });
    if (last === undefined || last.folder || !this.#isUnfinished) return;
    if (length === 0) await Deno.remove(this.#lastPath).catch(ignoreMissing);
    this.#file = await TreeFile.open(this.#lastPath, { entry: last, offset: length });
  }

  /** Resolves when all until now is on disk. */
  async sync(): Promise<void> {
    const folders = this.#open.map(({ path }) => syncFolder(path));
    await Promise.all([this.#pool.drain(), this.#file?.sync(), ...folders]);
  }

  /**
   * Leaves all folders and checks the counts. Everything but the top folder itself is then as it
   * was sent.
   */
  async finish(): Promise<void> {
    const { files, size } = this.#options.declared;
    if (this.#files !== files || (size !== null && this.#size !== size)) {
      throw new StorageError(
        "damaged",
        `the folder has ${this.#files} files and ${this.#size} bytes, not ${files} and ${size} as it was offered`,
      );
    }
    for (const folder of this.#open.splice(1).reverse()) await this.#leave(folder);
    await this.sync();
  }

  async close(): Promise<void> {
    await this.#pool.drain().catch(() => {}); // It failed before: `sync` has thrown it.
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Counts the entry and gives the folders that are left with it, the deepest first. */
  #enter(entry: ArchiveEntry): { path: string; modified: number | null }[] {
    this.#options.accepts?.(entry);
    this.#count(entry);
    this.#last = entry;
    this.#lastPath = this.#places.enter(entry);
    const left = this.#open.splice(entry.path.length).reverse();
    if (entry.folder) this.#open.push({ path: this.#lastPath, modified: entry.modified });
    return left;
  }

  #count(entry: ArchiveEntry): void {
    this.#isUnfinished = !entry.folder && entry.missing === undefined;
    if (entry.folder) return;
    this.#files += 1;
    if (!this.#isUnfinished) this.#missing += 1;
    this.#grow(entry.size ?? 0);
  }

  /** A size that was not declared counts as it comes. */
  #countContent(length: number): void {
    const last = this.#last!;
    this.#lastBytes += length;
    if (!last.folder && last.size === null) this.#grow(length);
  }

  #countEnd({ missing }: Tail): void {
    this.#isUnfinished = false;
    if (missing !== undefined) this.#missing += 1;
    else this.#bytes += this.#lastBytes;
    this.#lastBytes = 0;
  }

  #grow(size: number): void {
    const { files, size: declared } = this.#options.declared;
    this.#size += size;
    if (this.#files > files || this.#size > (declared ?? Number.MAX_SAFE_INTEGER)) {
      throw new StorageError(
        "damaged",
        `the folder has more than the ${files} files and ${declared} bytes it was offered with`,
      );
    }
  }

  /** Each new entry in a folder changes its time, so that is set last. */
  async #leave({ path, modified }: { path: string; modified: number | null }): Promise<void> {
    setModifiedSync(path, modified);
    await this.#pool.add(() => syncFolder(path));
  }
}

function removeWhere(folder: string, isLater: (name: string) => boolean): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (isLater(name.normalize("NFC"))) Deno.removeSync(join(folder, name), { recursive: true });
  }
}
