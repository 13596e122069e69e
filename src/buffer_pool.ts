/*
 * Who owns a chunk. A chunk of a file is moved, never copied, so at any moment one part of the
 * program owns its memory, and nobody else may read or change it. What is given on as `OwnedBytes`
 * is given up. A sealed chunk stands behind its `flags` (SPEC.md §5) wherever it goes.
 *
 * | step                     | takes                | then                                       |
 * |--------------------------|----------------------|--------------------------------------------|
 * | source: file_source      | a buffer of the pool | fills it, gives it on                      |
 * | secure: SealStream       | a plaintext chunk    | seals it into a buffer of the pool behind  |
 * |                          |                      | the headroom, releases the plaintext       |
 * | protocol: OutboundStream | the sealed chunk     | waits for credit, gives it to the channel  |
 * | Channel.sendData         | the sealed chunk     | writes header and chunk, releases it when  |
 * |                          |                      | the connection has taken it                |
 * | transport: readFrames    | a buffer of the pool | fills it with one frame behind room for a  |
 * |                          |                      | header, gives it on                        |
 * | protocol: FirstFlight    | the sealed chunk     | keeps it until its run is accepted, gives  |
 * |                          |                      | it on, or drops it                         |
 * | protocol: InboundStream  | the sealed chunk     | keeps it until it is read, gives it on     |
 * | secure: OpenStream       | the sealed chunk     | opens it into new memory, releases it,     |
 * |                          |                      | gives the plaintext on                     |
 * | storage: WriteQueue      | the plaintext chunk  | writes it, releases it if it fills its     |
 * |                          |                      | buffer                                     |
 * | hub/spool: Upload        | the sealed chunk     | writes it, gives it to the live feed       |
 * | hub/relay: LiveFeed      | the sealed chunk     | gives it to the tail, or releases it       |
 * | hub/relay: TailBuffer    | the sealed chunk     | keeps it for the recipient who follows and |
 * |                          |                      | gives it on behind its headroom, or        |
 * |                          |                      | releases it                                |
 * | hub/relay: ChunkReader   | a buffer of the pool | fills it from the spool, gives it on       |
 *
 * A chunk that is dropped, by a cancel or an error, is left to the garbage collector.
 */

declare const owned: unique symbol;

/**
 * Bytes whose memory, the whole buffer, belongs to their holder: a function that takes them may
 * release or change it.
 */
export type OwnedBytes = Uint8Array<ArrayBuffer> & { readonly [owned]: true };

/** Hands `bytes` over: nobody else may use them, or their buffer, from here on. */
export function handOver(bytes: Uint8Array): OwnedBytes {
  return bytes as OwnedBytes;
}

/**
 * Bytes of a pooled buffer: the largest frame, its header and the next one (SPEC.md §5); a chunk of
 * a file fits in too.
 */
export const POOLED_BYTES = 262_173;

/** Less than this is cheaper to make anew than to keep. */
const LEAST_BYTES = POOLED_BYTES / 2;

/** Buffers that are kept: 8 MiB. */
const MAX_FREE = 32;

const free: ArrayBuffer[] = [];

/**
 * A buffer of `length` bytes with whatever is in them: one that was given back where there is one,
 * else a new one.
 */
export function takeBuffer(length: number): OwnedBytes {
  if (length < LEAST_BYTES || length > POOLED_BYTES) return handOver(new Uint8Array(length));
  return handOver(new Uint8Array(free.pop() ?? new ArrayBuffer(POOLED_BYTES), 0, length));
}

/**
 * Gives back all memory below `bytes`, now and not at some collection. It is moved, not shared: a
 * holder of `bytes` or of another view of their buffer holds zero bytes from here on, and never
 * sees what is written there next. TypeError where it was given back before.
 */
export function releaseBuffer({ buffer }: OwnedBytes): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  const isKept = buffer.byteLength === POOLED_BYTES && free.length < MAX_FREE;
  const moved = buffer.transfer(isKept ? POOLED_BYTES : 0);
  if (isKept) free.push(moved);
}
