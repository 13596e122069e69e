import { handOver, type OwnedBytes } from "../../src/buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../../src/protocol/channel.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { FLAG, FLAGS_BYTES } from "../../src/transport/chunk_flags.ts";

/** Without `flags` a short chunk is the last. */
interface ChunkOptions {
  fill?: number;
  flags?: number;
}

/** `flags ‖ chunk` of `length` sealed bytes that would not open, behind room for its frame. */
export function framed(length = SEALED_CHUNK_BYTES, options: ChunkOptions = {}): OwnedBytes {
  const { fill = 1, flags = length < SEALED_CHUNK_BYTES ? FLAG.last : 0 } = options;
  const start = DATA_HEADROOM_BYTES + FLAGS_BYTES;
  const buffer = new Uint8Array(start + length).fill(fill, start);
  buffer[DATA_HEADROOM_BYTES] = flags;
  return handOver(buffer);
}

/** The same as it comes in: the room in front is not seen. */
export function chunkOf(length?: number, options?: ChunkOptions): OwnedBytes {
  return handOver(framed(length, options).subarray(DATA_HEADROOM_BYTES));
}
