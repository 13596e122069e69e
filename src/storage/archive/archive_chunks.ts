import { setImmediate } from "node:timers/promises";
import { handOver, type OwnedBytes } from "../../buffer_pool.ts";

/** Files up to here are read at once: one system call is sooner done than a thread is asked. */
export const SMALL_FILE_BYTES = 65_536;

/** One entry of an archive, with all that belongs to it. */
export interface ArchiveItem {
  /** Bytes of all of it, where they are known before it is opened. */
  readonly length?: number | undefined;
  /**
   * Bytes at hand, good until the next item is asked for, and behind them what is read. `isBegun`
   * says that its beginning lies before the offset.
   */
  open(isBegun: boolean): { readonly parts: readonly Uint8Array[]; readonly content?: ItemContent };
}

/** Content that is read piece by piece, with its tail. */
export interface ItemContent extends Disposable {
  /** Reads into `room`; 0 at the end. */
  read(room: Uint8Array): Promise<number>;
}

/**
 * The content stream of a folder (SPEC.md §10) from `offset`, in fresh chunks of `chunkBytes`, the
 * last one shorter. Items are asked for one by one when there is room, and opened unless all of
 * them lies before `offset`. Between chunks the event loop turns.
 */
export async function* archiveChunks(
  items: Iterable<ArchiveItem>,
  { chunkBytes, offset = 0 }: { chunkBytes: number; offset?: number },
): AsyncGenerator<OwnedBytes> {
  const chunks = new ChunkFiller(chunkBytes, offset);
  for (const item of items) {
    if (chunks.isSkipping && chunks.skips(item.length)) continue;
    const { parts, content } = item.open(chunks.isSkipping);
    using _ = content;
    chunks.add(parts);
    while (chunks.fill()) yield await chunks.take();
    while (content !== undefined && await chunks.read(content)) {
      if (chunks.isFull) yield await chunks.take();
    }
  }
  if (chunks.filled > 0) yield await chunks.take();
}

/** The chunk that is being filled, once what lies before the offset was passed over. */
class ChunkFiller {
  readonly #chunkBytes: number;
  readonly #scratch = new Uint8Array(SMALL_FILE_BYTES);
  #skip: number;
  #chunk: Uint8Array;
  /** What is still to be copied. */
  #parts: Uint8Array[] = [];
  filled = 0;

  constructor(chunkBytes: number, skip: number) {
    this.#chunkBytes = chunkBytes;
    this.#skip = skip;
    this.#chunk = new Uint8Array(chunkBytes);
  }

  get isSkipping(): boolean {
    return this.#skip > 0;
  }

  get isFull(): boolean {
    return this.filled === this.#chunkBytes;
  }

  /** Takes bytes for {@link fill}. */
  add(parts: readonly Uint8Array[]): void {
    this.#parts = parts.toReversed();
  }

  /** Copies what was added; true where the chunk is full before all of it has found room. */
  fill(): boolean {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      const rest = this.#copy(part);
      if (rest.length > 0) this.#parts.push(rest);
      if (this.isFull) return true;
    }
    return false;
  }

  /** Reads into the chunk; false at the end of the content. */
  async read(content: ItemContent): Promise<boolean> {
    const length = await content.read(this.#room);
    if (this.#skip > 0) this.#skip -= length;
    else this.filled += length;
    return length > 0;
  }

  /** Where the next bytes go: nowhere while there is something to pass over. */
  get #room(): Uint8Array {
    return this.#skip > 0
      ? this.#scratch.subarray(0, Math.min(this.#skip, this.#scratch.length))
      : this.#chunk.subarray(this.filled);
  }

  /** Passes over an item of that length; false where not all of it lies before the offset. */
  skips(length = Infinity): boolean {
    if (length > this.#skip) return false;
    this.#skip -= length;
    return true;
  }

  /** Takes as much of `bytes` as there is room for; gives the rest. */
  #copy(bytes: Uint8Array): Uint8Array {
    if (this.#skip > 0) {
      const passed = Math.min(this.#skip, bytes.length);
      this.#skip -= passed;
      return bytes.subarray(passed);
    }
    const taken = bytes.subarray(0, this.#chunkBytes - this.filled);
    this.#chunk.set(taken, this.filled);
    this.filled += taken.length;
    return bytes.subarray(taken.length);
  }

  /** The chunk as far as it is filled, after a turn of the event loop. */
  async take(): Promise<OwnedBytes> {
    await setImmediate();
    const chunk = this.isFull ? this.#chunk : this.#chunk.slice(0, this.filled);
    this.#chunk = new Uint8Array(this.#chunkBytes);
    this.filled = 0;
    return handOver(chunk);
  }
}
