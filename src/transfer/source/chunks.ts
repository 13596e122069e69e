import { createHash, type Hash } from "node:crypto";
import { handOver, type OwnedBytes, releaseBuffer } from "../../buffer_pool.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";

/** The same bytes in fresh chunks of `CHUNK_BYTES`; the last may be shorter, and none is empty. */
export async function* exactChunks(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<OwnedBytes> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) {
      const part = rest.subarray(0, CHUNK_BYTES - filled);
      chunk.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled < CHUNK_BYTES) continue;
      yield handOver(chunk);
      chunk = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield handOver(chunk.slice(0, filled));
}

/** Chunks that are read before they are asked for. */
const CHUNKS_AHEAD = 2;

/**
 * The chunks of a generator as a stream that stays two ahead of its reader; cancelling ends the
 * generator.
 */
export function readAhead<T>(chunks: AsyncGenerator<T>): ReadableStream<T> {
  return new ReadableStream<T>({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  }, { highWaterMark: CHUNKS_AHEAD });
}

/**
 * SHA-256 in hex of what `hash` has taken and the first `length` bytes of `chunks`, or all of them
 * where there are fewer; their buffers are given back.
 */
export async function prefixDigest(
  chunks: AsyncIterable<OwnedBytes> | Iterable<OwnedBytes>,
  length: number,
  hash: Hash = createHash("sha256"),
): Promise<string> {
  let left = length;
  if (left > 0) {
    for await (const chunk of chunks) {
      hash.update(chunk.subarray(0, left));
      left -= chunk.length;
      releaseBuffer(chunk);
      if (left <= 0) break;
    }
  }
  return hash.digest("hex");
}
