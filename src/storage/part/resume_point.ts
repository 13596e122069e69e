import { createHash, type Hash } from "node:crypto";
import { SEGMENT_BYTES } from "./part_record.ts";

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
 * The last of `segments` that agrees with what is on disk (SPEC.md §14); reads no further than it
 * must.
 */
export async function lastAgreeing(
  segments: ReadonlyMap<number, ReadonlySet<string>>,
  options: { chunks: AsyncIterable<Uint8Array>; signal?: AbortSignal | undefined },
): Promise<ResumePoint> {
  let point = startPoint();
  if (!segments.has(SEGMENT_BYTES)) return point;
  const hash = createHash("sha256");
  let offset = 0;
  for await (const chunk of options.chunks) {
    options.signal?.throwIfAborted();
    for (const piece of cutAtSegments(chunk, offset)) {
      hash.update(piece);
      offset += piece.length;
      if (offset % SEGMENT_BYTES !== 0) continue;
      const digest = hash.copy().digest("hex");
      if (!segments.get(offset)?.has(digest)) return point;
      point = { offset, digest, hash: hash.copy() };
    }
    if (!segments.has(point.offset + SEGMENT_BYTES)) return point;
  }
  return point;
}

/**
 * Pieces of `bytes`, which begin at `offset` of a stream, so that none goes over the end of a
 * segment.
 */
export function* cutAtSegments(bytes: Uint8Array, offset: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const end = start + SEGMENT_BYTES - (offset + start) % SEGMENT_BYTES;
    yield bytes.subarray(start, end);
    start = end;
  }
}
