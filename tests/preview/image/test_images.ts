import { crc32, deflateSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { Frame, GIF, Image } from "imagescript";
import UTIF from "utif2";
import { encodePng } from "../../../src/preview/image/encode_png.ts";
import type { Picture } from "../../../src/preview/image/picture.ts";

/** Four colours, one in each quarter: red, green, blue, white from the top left. */
export const QUARTERS = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]] as const;

/** A picture of {@link QUARTERS}. */
export function quarters(width: number, height: number): Picture {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    const isRight = i % width >= width / 2;
    const isBottom = i / width >= height / 2;
    rgba.set(QUARTERS[(isRight ? 1 : 0) + (isBottom ? 2 : 0)]!, i * 4);
  }
  return { width, height, rgba };
}

/** The same picture as a file of each format. */
export async function inEachFormat(picture: Picture): Promise<Record<string, Uint8Array>> {
  const image = new Image(picture.width, picture.height);
  image.bitmap.set(picture.rgba);
  return {
    png: await encodePng(picture),
    jpg: await image.encodeJPEG(95),
    gif: await new GIF([Frame.from(image, 100)]).encode(100),
    webp: await image.encodeWEBP(100),
    tiff: new Uint8Array(UTIF.encodeImage(picture.rgba, picture.width, picture.height)),
    bmp: bmp(picture),
  };
}

/** An uncompressed 24-bit BMP, bottom row first. */
function bmp({ width, height, rgba }: Picture): Uint8Array {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bytes = new Uint8Array(54 + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * 4;
      bytes.set([rgba[from + 2]!, rgba[from + 1]!, rgba[from]!], 54 + y * stride + x * 3);
    }
  }
  return bytes;
}

/** A JPEG with an Exif segment that says how it is turned. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
  ];
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff, 0, 0, 0, 0];
  const segment = [0xff, 0xe1, 0, exif.length + 2, ...exif];
  // After the start of image, before whatever comes first.
  return new Uint8Array([...jpeg.subarray(0, 2), ...segment, ...jpeg.subarray(2)]);
}

/** A PNG whose header says one size, and whose image data is whatever is given. */
export function pngOf(width: number, height: number, data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const chunks = [
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(data)),
    pngChunk("IEND", Buffer.alloc(0)),
  ];
  return new Uint8Array(Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...chunks]));
}

/** A chunk of a PNG, with its length and checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/**
 * A TIFF, most significant byte first, whose pixels are in one strip unless tags say otherwise;
 * strip offsets count from the pixels. `next` is where a further directory is said to be.
 */
export function tiffOf(tags: Record<number, number[]>, data: number[], next = 0): Uint8Array {
  const [OFFSETS, COUNTS] = [273, 279];
  const all: Record<number, number[]> = { [OFFSETS]: [0], [COUNTS]: [data.length], ...tags };
  const entries = Object.entries(all).map(([tag, values]) => ({ tag: Number(tag), values }));
  const tables = 8 + 2 + entries.length * 12 + 4;
  const room = entries.reduce(
    (sum, { values }) => sum + (values.length > 1 ? values.length * 4 : 0),
    0,
  );
  const bytes = Buffer.alloc(tables + room + data.length);
  bytes.write("4d4d002a00000008", "hex");
  bytes.writeUInt16BE(entries.length, 8);
  let at = 10, table = tables;
  for (const { tag, values } of entries) {
    bytes.writeUInt16BE(tag, at);
    bytes.writeUInt16BE(4, at + 2);
    bytes.writeUInt32BE(values.length, at + 4);
    const place = values.length > 1 ? table : at + 8;
    if (values.length > 1) bytes.writeUInt32BE(table, at + 8);
    for (const [i, value] of values.entries()) {
      bytes.writeUInt32BE(value + (tag === OFFSETS ? tables + room : 0), place + i * 4);
    }
    table += values.length > 1 ? values.length * 4 : 0;
    at += 12;
  }
  bytes.writeUInt32BE(next, at);
  bytes.set(data, tables + room);
  return new Uint8Array(bytes);
}
