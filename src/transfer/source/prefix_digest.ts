import { createHash } from "node:crypto";
import { releaseBuffer } from "../../buffer_pool.ts";

/** SHA-256 in hex of the first `length` bytes of `chunks`, or of all where there are fewer; their buffers are given back. */
export async function prefixDigest(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
): Promise<string> {
  const hash = createHash("sha256");
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
