import { crc32 } from "node:zlib";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";

/**
 * A checksum of each chunk of a file that was read, so that a second look can tell whether the
 * bytes are the same: far cheaper than a digest of all that is ever sent. It guards against
 * chance, not against somebody who writes to the file on purpose: that one could have written what
 * is to arrive before it was sent.
 */
export class SeenChunks {
  readonly #sums: number[] = [];

  /**
   * Takes a chunk that was read at `offset`; false where another one was read there before. Only
   * offsets that are multiples of `CHUNK_BYTES` are looked at.
   */
  isSame(offset: number, chunk: Uint8Array): boolean {
    if (offset % CHUNK_BYTES !== 0) return true;
    const sum = crc32(chunk);
    return (this.#sums[offset / CHUNK_BYTES] ??= sum) === sum;
  }
}
