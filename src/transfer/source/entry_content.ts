import { createHash } from "node:crypto";
import { concat } from "../../bytes.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import { BLOCK_BYTES, encodeTail, type Missing } from "../../storage/archive/archive.ts";
import type { ItemContent } from "../../storage/archive/archive_chunks.ts";
import { fileDigest } from "../../storage/file_digest.ts";
import { readFull } from "../../storage/file_system.ts";
import { isStill, missingOf } from "./entry_state.ts";
import { exactStamp } from "./source_stamp.ts";
import type { SurveyEntry } from "./survey.ts";

/** A file of a folder that is open, as it was found when it was opened. */
export interface EntryContentOptions {
  readonly entry: SurveyEntry;
  readonly info: Deno.FileInfo;
  readonly snapshot: boolean;
  /** Told where it turns out not to be whole. */
  readonly onMissing: (missing: Missing, error?: unknown) => void;
}

/** What both forms of content have: the open file, the running digest, and the tail. */
abstract class EntryContent implements ItemContent {
  protected readonly options: EntryContentOptions;
  protected readonly hash = createHash("sha256");
  readonly #file: Deno.FsFile;
  readonly #quick: AdaptiveFile;
  #missing: Missing | undefined;

  constructor(file: Deno.FsFile, options: EntryContentOptions) {
    this.#file = file;
    this.#quick = new AdaptiveFile(file);
    this.options = options;
  }

  abstract read(room: Uint8Array): Promise<number>;

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Reads until `room` is full or the file ends, or is not whole. */
  protected async fill(room: Uint8Array): Promise<number> {
    if (this.#missing !== undefined) return 0;
    try {
      return await readFull(this.#quick, room);
    } catch (error) {
      this.miss(missingOf(error), error);
      return 0;
    }
  }

  protected miss(missing: Missing, error?: unknown): void {
    if (this.#missing !== undefined) return;
    this.#missing = missing;
    this.options.onMissing(missing, error);
  }

  protected async tail(): Promise<Uint8Array> {
    const sha256 = this.hash.digest();
    if (this.#missing === undefined && !await this.#isWhole(sha256.toString("hex"))) {
      this.miss("changed");
    }
    return encodeTail({ missing: this.#missing, sha256 });
  }

  /** True where nobody has written to it; where only metadata has moved, it is read once more. */
  async #isWhole(sha256: string): Promise<boolean> {
    const { entry, info, snapshot } = this.options;
    if (!entry.isSized || snapshot) return true;
    const now = await this.#file.stat();
    if (!isStill(now, entry, { snapshot })) return false;
    return exactStamp(now) === exactStamp(info) || await fileDigest(entry.file) === sha256;
  }
}

/** Content of the size that was announced; a file that ends before is filled up with zeros. */
export class SizedContent extends EntryContent {
  #left = this.options.entry.size;
  #tail: Uint8Array | undefined;

  override async read(room: Uint8Array): Promise<number> {
    if (this.#left === 0) return await this.#readTail(room);
    const piece = room.subarray(0, this.#left);
    const read = await this.fill(piece);
    if (read < piece.length) this.miss("changed");
    piece.fill(0, read);
    this.hash.update(piece);
    this.#left -= piece.length;
    return piece.length;
  }

  async #readTail(room: Uint8Array): Promise<number> {
    this.#tail ??= await this.tail();
    const piece = this.#tail.subarray(0, room.length);
    room.set(piece);
    this.#tail = this.#tail.subarray(piece.length);
    return piece.length;
  }
}

/** Content of which the system does not say the size, in blocks. */
export class BlockedContent extends EntryContent {
  #isOver = false;
  /** What was read and not given out. */
  #ready: Uint8Array = new Uint8Array(0);

  override async read(room: Uint8Array): Promise<number> {
    if (this.#ready.length === 0 && !this.#isOver) this.#ready = await this.#nextBlocks();
    const piece = this.#ready.subarray(0, room.length);
    room.set(piece);
    this.#ready = this.#ready.subarray(piece.length);
    return piece.length;
  }

  /** A block; the last one with the empty one behind it, and the tail. */
  async #nextBlocks(): Promise<Uint8Array> {
    const block = new Uint8Array(4 + BLOCK_BYTES);
    const length = await this.fill(block.subarray(4));
    new DataView(block.buffer).setUint32(0, length);
    this.hash.update(block.subarray(4, 4 + length));
    if (length === BLOCK_BYTES) return block;
    this.#isOver = true;
    const end = new Uint8Array(length > 0 ? 4 : 0);
    const tail = await this.tail();
    return concat([block.subarray(0, 4 + length), end, tail]);
  }
}
