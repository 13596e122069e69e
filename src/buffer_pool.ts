/** Bytes of a pooled buffer: the largest frame, its header and the next one (SPEC.md §5); a chunk of a file fits in too. */
export const POOLED_BYTES = 262_172;

/** Less than this is cheaper to make anew than to keep. */
const LEAST_BYTES = POOLED_BYTES / 2;

/** Buffers that are kept: 8 MiB. */
const MAX_FREE = 32;

const free: ArrayBuffer[] = [];

/** A buffer of `length` bytes with whatever is in them: one that was given back where there is one, else a new one. */
export function takeBuffer(length: number): Uint8Array<ArrayBuffer> {
  if (length < LEAST_BYTES || length > POOLED_BYTES) return new Uint8Array(length);
  return new Uint8Array(free.pop() ?? new ArrayBuffer(POOLED_BYTES), 0, length);
}

/**
 * Gives back all memory below `bytes`, now and not at some collection. It is moved, not shared: who still holds `bytes`
 * or another view of their buffer holds zero bytes from here on, so that nobody ever sees what is written there next.
 * TypeError where it was given back before.
 */
export function releaseBuffer({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  const isKept = buffer.byteLength === POOLED_BYTES && free.length < MAX_FREE;
  const moved = buffer.transfer(isKept ? POOLED_BYTES : 0);
  if (isKept) free.push(moved);
}
