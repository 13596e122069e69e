import { takeBuffer } from "../buffer_pool.ts";
import { P2pError } from "../errors.ts";
import { areFlags, FLAG, FLAGS_BYTES } from "./chunk_flags.ts";
import type { ByteSource } from "./connection.ts";

/** The types of a frame (SPEC.md §5). */
export const FRAME = { record: 0, data: 1 } as const;

/** Bytes of `type:u8 ‖ length:u24` in front of each frame. */
export const FRAME_HEADER_BYTES = 4;

/** Bytes of the exchange number at the start of a data frame's body. */
export const EXCHANGE_BYTES = 4;

/**
 * Bytes that are read at once where few are asked for: a hub has such a buffer for each person who
 * is joined.
 */
export const BUFFER_BYTES = 1_024;

const BOUNDS: Record<number, { name: string; min: number; max: number }> = {
  [FRAME.record]: { name: "record", min: 17, max: 65_535 },
  [FRAME.data]: { name: "data", min: 21, max: 262_165 },
};

/** One frame: its type and its body. */
export interface Frame {
  type: number;
  body: Uint8Array<ArrayBuffer>;
}

/** Options of {@link readFrames}. */
export interface FrameOptions {
  /** Bytes that were read from the source before. */
  leftover?: Uint8Array;
  /**
   * Hears of each part that comes, and in the middle of which frame: on a slow line one takes
   * minutes.
   */
  onRead?: ((type: number | undefined) => void) | undefined;
}

/**
 * Writes the header of a frame whose body has `length` bytes at `offset` of `bytes` (SPEC.md §5).
 */
export function writeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  { type, length }: { type: number; length: number },
) {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, type * 2 ** 24 + length);
}

/**
 * All frames from `source` to its end, each in a buffer of its own, behind room for a header
 * (SPEC.md §5). A type or length that is out of bounds throws "protocol" before the body is
 * allocated, flags that are wrong before it is read; an end inside a frame throws "connection".
 */
export async function* readFrames(
  source: ByteSource,
  { leftover = new Uint8Array(), onRead }: FrameOptions = {},
): AsyncGenerator<Frame> {
  const bytes = buffered(source, leftover);
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  let filled = 0;
  for (;;) {
    filled = await fill(bytes, header, { filled, least: header.length, onRead });
    if (filled === 0) return;
    if (filled < header.length) throw endedInside();
    const { type, length } = readFrameHeader(header);
    // The next header comes with the body, so that a large frame is one read.
    const body = takeBuffer(header.length + length + header.length).subarray(header.length);
    const start = type === FRAME.data ? EXCHANGE_BYTES + FLAGS_BYTES : 0;
    const begun = await fill(bytes, body, { filled: 0, least: start, onRead, type });
    if (type === FRAME.data && begun >= start) checkFlags(body[EXCHANGE_BYTES]!, length);
    const end = await fill(bytes, body, { filled: begun, least: length, onRead, type });
    if (end < length) throw endedInside();
    header.set(body.subarray(length, end));
    filled = end - length;
    yield { type, body: body.subarray(0, length) };
  }
}

/**
 * Gives small amounts out of one larger read, so that many small frames come with one; what is
 * large is read directly.
 */
function buffered(source: ByteSource, leftover: Uint8Array): ByteSource {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let left = leftover;
  return {
    async read(into) {
      if (left.length === 0) {
        if (into.length >= buffer.length) return source.read(into);
        const length = await source.read(buffer);
        if (length === null) return null;
        left = buffer.subarray(0, length);
      }
      const taken = left.subarray(0, into.length);
      into.set(taken);
      left = left.subarray(taken.length);
      return taken.length;
    },
  };
}

interface Filling extends Pick<FrameOptions, "onRead"> {
  filled: number;
  least: number;
  type?: number;
}

/** Reads until `least` bytes of `into` are filled or the source ends, and gives how many are. */
async function fill(
  source: ByteSource,
  into: Uint8Array,
  { filled, least, onRead, type }: Filling,
): Promise<number> {
  while (filled < least) {
    const length = await source.read(into.subarray(filled));
    if (length === null) break;
    onRead?.(type);
    filled += length;
  }
  return filled;
}

function endedInside(): P2pError {
  return new P2pError("connection", "the connection ended inside a frame", { retry: true });
}

function readFrameHeader(header: Uint8Array): { type: number; length: number } {
  const type = header[0]!;
  const length = header[1]! * 65536 + header[2]! * 256 + header[3]!;
  const bounds = BOUNDS[type];
  if (bounds === undefined) {
    throw new P2pError("protocol", `cannot decode frame: unknown type ${type}`);
  }
  if (length < bounds.min || length > bounds.max) {
    throw new P2pError(
      "protocol",
      `cannot decode ${bounds.name} frame: length ${length} is not within ${bounds.min} to ${bounds.max}`,
    );
  }
  return { type, length };
}

/** A chunk that is neither the last nor packed is whole, and a packed one has fewer bytes. */
function checkFlags(flags: number, length: number) {
  const { max } = BOUNDS[FRAME.data]!;
  const isWhole = length === max;
  if (areFlags(flags) && (flags === 0 ? isWhole : !isWhole || flags === FLAG.last)) return;
  throw new P2pError(
    "protocol",
    `cannot decode data frame: length ${length} does not go with flags ${flags}`,
  );
}
