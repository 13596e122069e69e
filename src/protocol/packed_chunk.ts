import { P2pError } from "../errors.ts";
import { CHUNK_BYTES } from "../secure/sealed_stream.ts";

/** The first bytes of a frame of Zstandard (RFC 8878, 3.1.1). */
const MAGIC = 0xfd2fb528;

/** Bits of a frame's descriptor. */
const RESERVED = 8;
const CHECKSUM = 4;
const DICTIONARY = 3;

/** Types of a block (RFC 8878, 3.1.1.2). */
const RUN_OF_ONE_BYTE = 1;
const RESERVED_BLOCK = 3;

const BLOCK_HEADER_BYTES = 3;

/**
 * The plaintext of a packed chunk (SPEC.md §9): `CHUNK_BYTES`, or 1 to that for the last one.
 * P2pError `protocol` for anything but exactly one frame that unpacks to that, which is found out
 * without more memory than that.
 */
export async function unpackChunk(
  packed: Uint8Array,
  { last }: { last: boolean },
): Promise<Uint8Array> {
  checkFrame(packed);
  const chunk = await decompress(packed);
  const isWhole = chunk.length === CHUNK_BYTES;
  if (!isWhole && !last) refuse(`${chunk.length} bytes, and it is not the last`);
  if (chunk.length <= packed.length) refuse(`${packed.length} bytes hold ${chunk.length}`);
  return chunk;
}

/** Stops at one byte more than a chunk has. */
async function decompress(packed: Uint8Array): Promise<Uint8Array> {
  const { zstdDecompressSync } = await import("node:zlib");
  try {
    const { buffer, byteOffset, length } = zstdDecompressSync(packed, {
      maxOutputLength: CHUNK_BYTES,
    });
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    throw new P2pError("protocol", `cannot unpack chunk: over ${CHUNK_BYTES} bytes or damaged`, {
      cause,
    });
  }
}

/** The runtime passes over what is behind a frame, and over a frame that ends early. */
function checkFrame(packed: Uint8Array) {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  try {
    const end = endOfBlocks(view, checkFrameHeader(view));
    const hasChecksum = (view.getUint8(4) & CHECKSUM) !== 0;
    if (end + (hasChecksum ? 4 : 0) !== packed.length) refuse("it does not end with its frame");
  } catch (error) {
    if (error instanceof RangeError) refuse("it ends within its frame");
    throw error;
  }
}

/** The place of the first block. RangeError where the frame ends before. */
function checkFrameHeader(view: DataView): number {
  if (view.getUint32(0, true) !== MAGIC) refuse("it is no frame of Zstandard");
  const descriptor = view.getUint8(4);
  if ((descriptor & (RESERVED | DICTIONARY)) !== 0) refuse(`descriptor ${descriptor}`);
  const sizeFlag = descriptor >> 6;
  const isSingle = (descriptor & 32) !== 0;
  const sizeAt = isSingle ? 5 : 6;
  const size = contentSize(view, sizeAt, sizeFlag, isSingle);
  const window = isSingle ? size.value! : windowBytes(view.getUint8(5));
  if (window > CHUNK_BYTES) refuse(`a window of ${window} bytes`);
  if (size.value !== undefined && size.value > CHUNK_BYTES) refuse(`${size.value} bytes in it`);
  return sizeAt + size.bytes;
}

function contentSize(view: DataView, at: number, flag: number, isSingle: boolean) {
  switch (flag) {
    case 0:
      return isSingle ? { bytes: 1, value: view.getUint8(at) } : { bytes: 0 };
    case 1:
      return { bytes: 2, value: view.getUint16(at, true) + 256 };
    case 2:
      return { bytes: 4, value: view.getUint32(at, true) };
    default:
      return { bytes: 8, value: Number(view.getBigUint64(at, true)) };
  }
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}

/** The place behind the last block. RangeError where the frame ends before. */
function endOfBlocks(view: DataView, start: number): number {
  for (let at = start;;) {
    const header = view.getUint16(at, true) + view.getUint8(at + 2) * 65_536;
    const type = header >> 1 & 3;
    if (type === RESERVED_BLOCK) refuse("a block of a reserved type");
    at += BLOCK_HEADER_BYTES + (type === RUN_OF_ONE_BYTE ? 1 : header >> 3);
    if ((header & 1) !== 0) return at;
  }
}

function refuse(state: string): never {
  throw new P2pError("protocol", `cannot unpack chunk: ${state}`);
}
