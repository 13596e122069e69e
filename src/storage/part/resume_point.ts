import { createHash, type Hash } from "node:crypto";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";

/** A place in a content stream up to which it is on disk and checked; `hash` has taken it all. */
export interface ResumePoint {
  readonly offset: number;
  /** SHA-256 in hex up to `offset`; null at the start. */
  readonly digest: string | null;
  readonly hash: Hash;
}

/** The start of a stream. */
export function startPoint(): ResumePoint {
  return { offset: 0, digest: null, hash: createHash("sha256") };
}

/**
 * The last of `places` that agrees with what is on disk (SPEC.md §14); reads no further than it
 * must.
 */
export async function lastAgreeing(
  places: ReadonlyMap<number, ReadonlySet<string>>,
  options: { chunks: AsyncIterable<Uint8Array>; signal?: AbortSignal | undefined },
): Promise<ResumePoint> {
  let point = startPoint();
  const end = [...places.keys()].reduce((last, place) => Math.max(last, place), 0);
  if (end === 0) return point;
  const hash = createHash("sha256");
  let offset = 0;
  for await (const chunk of options.chunks) {
    options.signal?.throwIfAborted();
    for (const piece of cutAtChunks(chunk, offset)) {
      hash.update(piece);
      offset += piece.length;
      const digests = places.get(offset);
      if (digests === undefined) continue;
      const digest = hash.copy().digest("hex");
      if (digests.has(digest)) point = { offset, digest, hash: hash.copy() };
    }
    if (offset >= end) break;
  }
  return point;
}

/**
 * Pieces of `bytes`, which begin at `offset` of a stream, so that none goes over the end of a
 * chunk.
 */
export function* cutAtChunks(bytes: Uint8Array, offset: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const end = start + CHUNK_BYTES - (offset + start) % CHUNK_BYTES;
    yield bytes.subarray(start, end);
    start = end;
  }
}
