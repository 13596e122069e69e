import { concat } from "../../../bytes.ts";
import type { Picture, Size } from "../picture.ts";
import { onCanvas } from "./canvas.ts";
import { type Chunk, riffChunks } from "./chunks.ts";
import { readOrientation } from "./exif.ts";
import type { Format, Header } from "./format.ts";

/** WebP, of an animated one the first picture. */
export const WEBP: Format = {
  name: "WebP",
  readHeader,
  async load() {
    const { default: webp } = await import("@cwasm/webp");
    const decode = (bytes: Uint8Array): Picture => {
      const { width, height, data } = webp.decode(bytes);
      return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.length) };
    };
    return (bytes) => {
      const frame = chunksOf(bytes).find(({ type }) => type === "ANMF");
      if (frame === undefined) return decode(bytes);
      const place = { x: 2 * uint24(frame.data, 0), y: 2 * uint24(frame.data, 3) };
      return onCanvas(readHeader(bytes)!.size, { ...decode(stillOf(frame.data)), ...place });
    };
  },
  isCutOff: (bytes) => chunksOf(bytes).some(({ bytes, data }) => data.length < uint24(bytes, 4)),
};

/** Bytes of a frame before its chunks: place, size, duration and flags. */
const FRAME_HEADER_BYTES = 16;

/** The flag of a file that has transparency. */
const ALPHA = 0x10;

function chunksOf(bytes: Uint8Array): Chunk[] {
  return [...riffChunks(bytes, 12)];
}

/** Reads size and orientation (WebP container specification; RFC 6386, 9.1; WebP lossless, 3). */
function readHeader(bytes: Uint8Array): Header | undefined {
  const chunks = chunksOf(bytes);
  const size = chunks.map(sizeIn).find((size) => size !== undefined);
  const exif = chunks.find(({ type }) => type === "EXIF")?.data;
  if (size === undefined) return undefined;
  return { size, orientation: exif === undefined ? 1 : readOrientation(withoutName(exif)) };
}

function sizeIn({ type, data }: Chunk): Size | undefined {
  if (type === "VP8X" && data.length >= 10) {
    return { width: 1 + uint24(data, 4), height: 1 + uint24(data, 7) };
  }
  if (type === "VP8 " && data.length >= 10) {
    return { width: uint24(data, 6) & 0x3fff, height: data[8]! | (data[9]! & 0x3f) << 8 };
  }
  if (type === "VP8L" && data.length >= 5) {
    const bits = uint24(data, 1) | data[4]! << 24;
    return { width: 1 + (bits & 0x3fff), height: 1 + (bits >>> 14 & 0x3fff) };
  }
  return undefined;
}

/** Some programs put the name that Exif has in JPEG before it. */
function withoutName(exif: Uint8Array): Uint8Array {
  return exif[0] === 0x45 ? exif.subarray(6) : exif;
}

/** A frame of an animation as a file of its own. */
function stillOf(frame: Uint8Array): Uint8Array {
  const images = [...riffChunks(frame, FRAME_HEADER_BYTES)]
    .filter(({ type }) => ["ALPH", "VP8 ", "VP8L"].includes(type));
  const extended = new Uint8Array(18);
  extended.set([0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, ALPHA]);
  extended.set(frame.subarray(6, 12), 12);
  const body = concat([extended, ...images.map(({ bytes }) => bytes)]);
  const header = new Uint8Array(12);
  header.set([0x52, 0x49, 0x46, 0x46]);
  new DataView(header.buffer).setUint32(4, body.length + 4, true);
  header.set([0x57, 0x45, 0x42, 0x50], 8);
  return concat([header, body]);
}

function uint24(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16;
}
