import { type ArchiveEntry, decodeEntry, MAX_HEADER_BYTES } from "./archive.ts";
import { PathOrder } from "./path_order.ts";
import { asName, damagedError } from "../storage_error.ts";

/** Most files and folders of one archive (SPEC.md §12). */
export const MAX_ENTRIES = 1_000_000;

/**
 * A finding of an {@link ArchiveDecoder}: `header` and `content` bytes, put together, are what went
 * in.
 */
export type ArchiveEvent =
  | { readonly type: "header" | "content"; readonly bytes: Uint8Array }
  | { readonly type: "entry"; readonly entry: ArchiveEntry };

/**
 * Takes the content stream of a folder in pieces of any size and says what it holds. No more than
 * one header is kept; everything that SPEC.md §10 forbids throws StorageError "damaged", or "name"
 * for paths (§13).
 */
export class ArchiveDecoder {
  readonly #order = new PathOrder();
  #lastPath: readonly string[] = [];
  #entries = 0;
  /** The length, then the length with its header. */
  #frame: Uint8Array = new Uint8Array(2);
  #filled = 0;
  #contentLeft = 0;
  #ended = false;

  /** True after the end of the archive, behind which nothing may come. */
  get ended(): boolean {
    return this.#ended;
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
      const type = this.#contentLeft > 0 ? "content" : "header";
      const piece = type === "content" ? rest.subarray(0, this.#contentLeft) : this.#fill(rest);
      rest = rest.subarray(piece.length);
      if (type === "content") this.#contentLeft -= piece.length;
      yield { type, bytes: piece };
      if (type === "header" && this.#isWhole()) yield { type: "entry", entry: this.#nextEntry() };
    }
  }

  /** Passes over content that is known to be there, as if it had been pushed. */
  skip(length: number): void {
    if (length > this.#contentLeft) throw new RangeError(`cannot skip ${length} bytes of content`);
    this.#contentLeft -= length;
  }

  #fill(bytes: Uint8Array): Uint8Array {
    const piece = bytes.subarray(0, this.#frame.length - this.#filled);
    this.#frame.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled === 2) this.#makeRoom();
    return piece;
  }

  #makeRoom(): void {
    const length = this.#frame[0]! << 8 | this.#frame[1]!;
    if (length > MAX_HEADER_BYTES) {
      throw damagedError(
        `cannot decode archive: header of ${length} bytes exceeds ${MAX_HEADER_BYTES}`,
      );
    }
    if (length === 0) this.#ended = true;
    const frame = new Uint8Array(2 + length);
    frame.set(this.#frame);
    this.#frame = frame;
  }

  #isWhole(): boolean {
    return !this.#ended && this.#filled > 2 && this.#filled === this.#frame.length;
  }

  #nextEntry(): ArchiveEntry {
    const entry = decodeEntry(this.#frame);
    this.#frame = new Uint8Array(2);
    this.#filled = 0;
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) {
      throw damagedError(`cannot decode archive: more than ${MAX_ENTRIES} entries`);
    }
    this.#checkOrder(entry);
    this.#contentLeft = entry.folder ? 0 : entry.size;
    return entry;
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
