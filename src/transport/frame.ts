import { P2pError } from "../errors.ts";

/** The types of a frame (SPEC.md §5). */
export const FRAME = { record: 0, data: 1 } as const;

/** Bytes of `type:u8 ‖ length:u24` in front of each frame. */
export const FRAME_HEADER_BYTES = 4;

/** Bytes of the exchange number at the start of a data frame's body. */
export const EXCHANGE_BYTES = 4;

const BOUNDS: Record<number, { name: string; min: number; max: number }> = {
  [FRAME.record]: { name: "record", min: 17, max: 65_535 },
  [FRAME.data]: { name: "data", min: 20, max: 262_164 },
};

/** One frame: its type and its body. */
export interface Frame {
  type: number;
  body: Uint8Array<ArrayBuffer>;
}

/** Writes the header of a frame whose body has `length` bytes at `offset` of `bytes` (SPEC.md §5). */
export function writeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  { type, length }: { type: number; length: number },
) {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, type * 2 ** 24 + length);
}

/**
 * Bytes in any slicing to frames (SPEC.md §5). A type or length that is out of bounds errors the stream with "protocol"
 * before the body is allocated; an end inside a frame errors it with "connection".
 */
export class FrameDecoderStream extends TransformStream<Uint8Array, Frame> {
  /** `leftover`: bytes that were read from the connection before this stream got it. */
  constructor(leftover: Uint8Array = new Uint8Array()) {
    const assembler = new FrameAssembler();
    super({
      start: (controller) => assembler.push(leftover, (frame) => controller.enqueue(frame)),
      transform: (bytes, controller) => assembler.push(bytes, (frame) => controller.enqueue(frame)),
      flush() {
        if (assembler.partial) {
          throw new P2pError("connection", "the connection ended inside a frame");
        }
      },
    });
  }
}

class FrameAssembler {
  #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFilled = 0;
  #frame: Frame | undefined;
  #bodyFilled = 0;

  get partial(): boolean {
    return this.#headerFilled > 0;
  }

  push(bytes: Uint8Array, emit: (frame: Frame) => void) {
    let at = 0;
    while (at < bytes.length) {
      at += this.#frame === undefined
        ? this.#pushHeader(bytes.subarray(at))
        : this.#pushBody(this.#frame, bytes.subarray(at));
      if (this.#frame !== undefined && this.#bodyFilled === this.#frame.body.length) {
        emit(this.#frame);
        this.#frame = undefined;
        this.#headerFilled = this.#bodyFilled = 0;
      }
    }
  }

  #pushHeader(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, FRAME_HEADER_BYTES - this.#headerFilled);
    this.#header.set(taken, this.#headerFilled);
    this.#headerFilled += taken.length;
    if (this.#headerFilled === FRAME_HEADER_BYTES) this.#frame = emptyFrame(this.#header);
    return taken.length;
  }

  #pushBody(frame: Frame, bytes: Uint8Array): number {
    const taken = bytes.subarray(0, frame.body.length - this.#bodyFilled);
    frame.body.set(taken, this.#bodyFilled);
    this.#bodyFilled += taken.length;
    return taken.length;
  }
}

function emptyFrame(header: Uint8Array): Frame {
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
  return { type, body: new Uint8Array(length) };
}
