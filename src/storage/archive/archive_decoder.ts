import {
  type ArchiveEntry,
  BLOCK_BYTES,
  decodeEntry,
  decodeTail,
  MAX_HEADER_BYTES,
  type Tail,
  TAIL_BYTES,
} from "./archive.ts";
import { PathOrder } from "./path_order.ts";
import { asName, damagedError } from "../storage_error.ts";

/** Most files and folders of one archive (SPEC.md §12). */
export const MAX_ENTRIES = 1_000_000;

/**
 * A finding of an {@link ArchiveDecoder}: `frame` and `content` bytes, put together, are what went
 * in; `content` is that of a file.
 */
export type ArchiveEvent =
  | { readonly type: "frame" | "content"; readonly bytes: Uint8Array }
  | { readonly type: "entry"; readonly entry: ArchiveEntry }
  | { readonly type: "tail"; readonly tail: Tail };

/** What is read next beside content: a length, with it its header, the length of a block, a tail. */
type Step = "length" | "header" | "block" | "tail";

/**
 * Takes the content stream of a folder in pieces of any size and says what it holds. No more than
 * one header is kept; everything that SPEC.md §10 forbids throws StorageError "damaged", or "name"
 * for paths (§13).
 */
export class ArchiveDecoder {
  readonly #order = new PathOrder();
  #lastPath: readonly string[] = [];
  #entries = 0;
  #step: Step = "length";
  /** The frame that is read, as far as it is there. */
  #frame: Uint8Array = new Uint8Array(2);
  #filled = 0;
  #contentLeft = 0;
  #isInBlocks = false;
  #isLastBlock = false;
  #ended = false;

  /** True after the end of the archive, behind which nothing may come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of content that come next; 0 where a frame does. */
  get contentLeft(): number {
    return this.#contentLeft;
  }

  /** Bytes that the frame which comes next still lacks, as far as that is known. */
  get frameLeft(): number {
    return this.#ended ? 0 : this.#frame.length - this.#filled;
  }

  /**
   * Takes the next bytes. Events hold views of them, and an event has to be dealt with before the
   * next is asked for.
   */
  *push(bytes: Uint8Array): Generator<ArchiveEvent> {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#ended) {
        throw damagedError(`cannot decode archive: ${rest.length} bytes after its end`);
      }
      const type = this.#contentLeft > 0 ? "content" : "frame";
      const piece = type === "content" ? rest.subarray(0, this.#contentLeft) : this.#fill(rest);
      rest = rest.subarray(piece.length);
      if (type === "content") this.skip(piece.length);
      yield { type, bytes: piece };
      if (type === "content" || this.frameLeft > 0) continue;
      const event = this.#take(this.#frame);
      if (event !== undefined) yield event;
    }
  }

  /** Passes over content that is known to be there, as if it had been pushed. */
  skip(length: number): void {
    if (length > this.#contentLeft) throw new RangeError(`cannot skip ${length} bytes of content`);
    this.#contentLeft -= length;
    if (this.#contentLeft === 0) this.#expect(this.#isInBlocks ? "block" : "tail");
  }

  #fill(bytes: Uint8Array): Uint8Array {
    const piece = bytes.subarray(0, this.frameLeft);
    this.#frame.set(piece, this.#filled);
    this.#filled += piece.length;
    return piece;
  }

  #expect(step: Step, length = { length: 2, header: 0, block: 4, tail: TAIL_BYTES }[step]): void {
    this.#step = step;
    this.#frame = new Uint8Array(length);
    this.#filled = 0;
  }

  /** A whole frame. */
  #take(frame: Uint8Array): ArchiveEvent | undefined {
    switch (this.#step) {
      case "length":
        return this.#takeLength(frame);
      case "header":
        return { type: "entry", entry: this.#takeEntry(frame) };
      case "block":
        return this.#takeBlock(frame);
      case "tail":
        this.#expect("length");
        return { type: "tail", tail: decodeTail(frame) };
    }
  }

  #takeLength(frame: Uint8Array): undefined {
    const length = frame[0]! << 8 | frame[1]!;
    if (length > MAX_HEADER_BYTES) {
      throw damagedError(
        `cannot decode archive: header of ${length} bytes exceeds ${MAX_HEADER_BYTES}`,
      );
    }
    if (length === 0) this.#ended = true;
    else this.#expect("header", length);
  }

  #takeEntry(header: Uint8Array): ArchiveEntry {
    const entry = decodeEntry(header);
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) {
      throw damagedError(`cannot decode archive: more than ${MAX_ENTRIES} entries`);
    }
    this.#checkOrder(entry);
    if (entry.folder || entry.missing !== undefined) this.#expect("length");
    else this.#expectContent(entry.size);
    return entry;
  }

  #expectContent(size: number | null): void {
    this.#isInBlocks = size === null;
    this.#isLastBlock = false;
    this.#contentLeft = size ?? 0;
    if (this.#isInBlocks) this.#expect("block");
    else if (size === 0) this.#expect("tail");
  }

  #takeBlock(frame: Uint8Array): undefined {
    const length = new DataView(frame.buffer).getUint32(0);
    if (length > BLOCK_BYTES || (this.#isLastBlock && length > 0)) {
      throw damagedError(`cannot decode archive: a block of ${length} bytes`);
    }
    this.#isLastBlock = length < BLOCK_BYTES;
    this.#contentLeft = length;
    if (length === 0) this.#expect("tail");
  }

  #checkOrder({ path, folder }: ArchiveEntry): void {
    asName(() => this.#order.add(path, folder));
    const depth = path.length - 1;
    const before = this.#lastPath[depth];
    if (before !== undefined && before >= path[depth]!) {
      throw damagedError(`cannot decode archive: "${path.join("/")}" comes after "${before}"`);
    }
    this.#lastPath = path;
  }
}
