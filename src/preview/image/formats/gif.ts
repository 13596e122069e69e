import { concat } from "../../../bytes.ts";
import { onCanvas, type PlacedFrame } from "./canvas.ts";
import type { Format, Header } from "./format.ts";

/** GIF, of an animated one the first picture. */
export const GIF: Format = {
  name: "GIF",
  readHeader,
  async load() {
    const { default: module } = await import("imagescript/wasm/node/gif.js");
    const gif = await module.init();
    return (bytes) => {
      const { x, y, width, height, buffer }: Frame = new gif.Decoder(firstPicture(bytes)).frame();
      return onCanvas(readHeader(bytes)!.size, { x, y, width, height, rgba: buffer });
    };
  },
  isCutOff: (bytes) => !(endOfPicture(bytes)! <= bytes.length),
};

/**
 * What begins a block (GIF89a, sections 20 to 27), and the label of a graphic control extension.
 */
const EXTENSION = 0x21, GRAPHIC_CONTROL = 0xf9, FRAME = 0x2c, TRAILER = 0x3b;

type Frame = Omit<PlacedFrame, "rgba"> & { buffer: Uint8Array };

/** The canvas, or more where the first frame goes beyond it (GIF89a, sections 18 and 20). */
function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < 13) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const short = (at: number) => view.getUint16(at, true);
  const { frame } = partsOf(bytes);
  const [right, bottom] = frame === undefined
    ? [0, 0]
    : [short(frame + 1) + short(frame + 5), short(frame + 3) + short(frame + 7)];
  const size = { width: Math.max(short(6), right), height: Math.max(short(8), bottom) };
  return { size, orientation: 1 };
}

/** The file up to the end of its first picture, without the comments that decoders stumble over. */
function firstPicture(bytes: Uint8Array): Uint8Array {
  const { tables, control, frame } = partsOf(bytes);
  if (frame === undefined) return bytes;
  const end = endOfPicture(bytes);
  return concat([
    bytes.subarray(0, tables),
    control === undefined ? new Uint8Array() : bytes.subarray(control, control + 8),
    bytes.subarray(frame, end),
    new Uint8Array([TRAILER]),
  ]);
}

/** The place behind the pixels of the first picture. */
function endOfPicture(bytes: Uint8Array): number | undefined {
  const { frame } = partsOf(bytes);
  if (frame === undefined) return undefined;
  return skipBlocks(bytes, frame + 10 + colorTableBytes(bytes[frame + 9]!) + 1);
}

/** The end of header and colour table, and where the first picture and its control block begin. */
function partsOf(bytes: Uint8Array): { tables: number; control?: number; frame?: number } {
  const tables = 13 + colorTableBytes(bytes[10]!);
  let at = tables, control: number | undefined;
  while (bytes[at] === EXTENSION) {
    if (bytes[at + 1] === GRAPHIC_CONTROL) control = at;
    at = skipBlocks(bytes, at + 2);
  }
  const hasFrame = bytes[at] === FRAME && at + 10 <= bytes.length;
  return { tables, ...(control !== undefined && { control }), ...(hasFrame && { frame: at }) };
}

/** Bytes of a colour table, by the flags before it. */
function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 << (flags & 7) + 1 : 0;
}

/** The place behind a row of blocks, each with its length before it, the last empty. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at]) at += 1 + bytes[at]!;
  return at + 1;
}
