import { concat, utf8 } from "../bytes.ts";
import { handOver, type OwnedBytes, releaseBuffer, takeBuffer } from "../buffer_pool.ts";
import { P2pError } from "../errors.ts";
import { NONCE_BYTES, open, sealInto, TAG_BYTES } from "./aead.ts";
import { FLAG, FLAGS_BYTES, isLast, isPacked, sealedBytes } from "../transport/chunk_flags.ts";
import { hkdf } from "./hkdf.ts";

/** Plaintext bytes of every chunk but the last, which may be shorter (SPEC.md §9). */
export const CHUNK_BYTES = 262_144;

/** The most that a sealed chunk has: ciphertext and tag. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/** The facts on which the key of a run depends (SPEC.md §9). */
export interface Run {
  /** 32 random bytes of this run. */
  salt: Uint8Array;
  /** 16 bytes. */
  transferId: Uint8Array;
  /** The offset in the content stream at which the run begins. */
  offset: number;
}

/** The 32-byte key of one run from the transfer key; RangeError for lengths that are wrong. */
export function deriveDataKey(
  transferKey: Uint8Array,
  { salt, transferId, offset }: Run,
): Uint8Array {
  if (transferKey.length !== 32 || salt.length !== 32 || transferId.length !== 16) {
    const lengths = [transferKey, salt, transferId].map((bytes) => bytes.length).join(", ");
    throw new RangeError(`cannot derive data key: lengths ${lengths} where 32, 32, 16 are needed`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`cannot derive data key: offset ${offset} is not a safe integer`);
  }
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(offset));
  return hkdf(transferKey, { salt, info: concat([LABEL, transferId, start]) });
}

const LABEL = utf8("p2p/2 data");

/**
 * Plaintext chunks of `CHUNK_BYTES`, the last one shorter or absent, to `flags ‖ sealed chunk` each
 * (SPEC.md §5, §9) with `headroom` bytes free in front. A chunk is held until the next one comes and its
 * buffer given back then, so every chunk has to be a buffer of its own. RangeError for chunks that
 * are cut otherwise.
 */
export class SealStream extends TransformStream<OwnedBytes, OwnedBytes> {
  constructor(key: Uint8Array, { headroom = 0 }: { headroom?: number } = {}) {
    let counter = 0;
    let held: OwnedBytes | undefined;

    function sealChunk(chunk: OwnedBytes, last: boolean): OwnedBytes {
      const start = headroom + FLAGS_BYTES;
      const framed = takeBuffer(start + chunk.length + TAG_BYTES).fill(0, 0, headroom);
      const flags = last ? FLAG.last : 0;
      framed[headroom] = flags;
      sealInto(framed.subarray(start), key, chunkNonce(counter, flags), chunk);
      releaseBuffer(chunk);
      counter += 1;
      return framed;
    }

    super({
      transform(chunk, controller) {
        if (held !== undefined) controller.enqueue(sealChunk(checkFull(held), false));
        held = checkSize(chunk);
      },
      flush(controller) {
        controller.enqueue(sealChunk(held ?? takeBuffer(0), true));
      },
    });
  }
}

/**
 * `flags ‖ sealed chunk`, one an enqueue, back to plaintext chunks, each as soon as it is checked
 * (SPEC.md §9). P2pError `protocol` for a chunk that is changed, moved, too long, too short or
 * behind the last one, and for an end without a last chunk. The buffer of a sealed chunk is given
 * back once that is open.
 */
export class OpenStream extends TransformStream<OwnedBytes, OwnedBytes> {
  constructor(key: Uint8Array, { firstChunk = 0, unpack = refusePacked }: OpenOptions = {}) {
    let counter = firstChunk;
    let ended = false;

    super({
      transform(sealed, controller) {
        if (ended) refuse(counter, "it comes after the last chunk");
        checkSealedSize(counter, sealedBytes(sealed));
        const chunk = openChunk(key, counter, sealed);
        ended = isLast(sealed);
        const packed = isPacked(sealed);
        if (!packed) checkLength(counter, chunk.length, ended);
        releaseBuffer(sealed);
        counter += 1;
        if (packed) return unpack(chunk, { last: ended }).then((plain) => give(plain, controller));
        give(chunk, controller);
      },
      flush() {
        if (!ended) refuse(counter, "the stream ends before the last chunk");
      },
    });
  }
}

/** Options of {@link OpenStream}. */
export interface OpenOptions {
  /** The counter of the first chunk that comes. */
  firstChunk?: number;
  /** Gives the plaintext of a packed chunk; without it none is taken. */
  unpack?: (packed: Uint8Array, options: { last: boolean }) => Promise<Uint8Array>;
}

function refusePacked(): Promise<Uint8Array> {
  return Promise.reject(new P2pError("protocol", "a packed chunk was not asked for"));
}

function give(chunk: Uint8Array, controller: TransformStreamDefaultController<OwnedBytes>) {
  if (chunk.length > 0) controller.enqueue(handOver(chunk));
}

function openChunk(key: Uint8Array, counter: number, sealed: OwnedBytes): Uint8Array {
  try {
    return open(key, chunkNonce(counter, sealed[0]!), sealed.subarray(FLAGS_BYTES));
  } catch (error) {
    if (error instanceof P2pError) refuse(counter, "it is not authentic");
    throw error;
  }
}

function checkSealedSize(counter: number, length: number) {
  if (length > SEALED_CHUNK_BYTES) {
    refuse(counter, `length ${length} exceeds ${SEALED_CHUNK_BYTES}`);
  }
  const least = counter === 0 ? TAG_BYTES : TAG_BYTES + 1;
  if (length < least) refuse(counter, `length ${length} is less than ${least}`);
}

function checkLength(counter: number, length: number, last: boolean) {
  if (length < CHUNK_BYTES && !last) refuse(counter, `length ${length}, and it is not the last`);
}

function checkSize(chunk: OwnedBytes): OwnedBytes {
  if (chunk.length > CHUNK_BYTES || chunk.length === 0) {
    throw new RangeError(`cannot seal chunk: length ${chunk.length} is not 1 to ${CHUNK_BYTES}`);
  }
  return chunk;
}

function checkFull(chunk: OwnedBytes): OwnedBytes {
  if (chunk.length < CHUNK_BYTES) {
    throw new RangeError(`cannot seal chunk: length ${chunk.length}, and it is not the last`);
  }
  return chunk;
}

function refuse(counter: number, state: string): never {
  throw new P2pError("protocol", `cannot open chunk ${counter}: ${state}`);
}

/** The counter in 11 bytes, big-endian, then the flags. */
function chunkNonce(counter: number, flags: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  const view = new DataView(nonce.buffer);
  view.setBigUint64(3, BigInt(counter));
  view.setUint8(NONCE_BYTES - 1, flags);
  return nonce;
}
