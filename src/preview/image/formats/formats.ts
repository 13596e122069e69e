import { P2pError } from "../../../errors.ts";
import { BMP } from "./bmp.ts";
import type { Format } from "./format.ts";
import { GIF } from "./gif.ts";
import { JPEG } from "./jpeg.ts";
import { PNG } from "./png.ts";
import { TIFF } from "./tiff.ts";
import { WEBP } from "./webp.ts";

/** The formats that are drawn, by the names that replies carry. */
const FORMATS: Record<string, Format> = {
  jpg: JPEG,
  png: PNG,
  gif: GIF,
  webp: WEBP,
  tiff: TIFF,
  bmp: BMP,
};

/** First bytes in hex, `..` for any byte, and what they begin. */
const MAGIC: [hex: string, type: string][] = [
  ["89504e470d0a1a0a", "png"],
  ["ffd8ff", "jpg"],
  ["47494638", "gif"],
  ["52494646........57454250", "webp"],
  ["49492a00", "tiff"],
  ["4d4d002a", "tiff"],
  ["49492b00", "tiff"],
  ["4d4d002b", "tiff"],
  ["424d", "bmp"],
  ["........6674797061766966", "avif"],
  ["........66747970", "heic"],
];

/** How many of an image's first bytes tell its type. */
export const IMAGE_MAGIC_BYTES = 16;

/** Tells the type of an image by its first bytes. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, IMAGE_MAGIC_BYTES).toHex();
  return MAGIC.find(([hex]) => new RegExp(`^${hex}`).test(head))?.[1];
}

/** The format of a type of image; throws `refused` where it is not drawn. */
export function formatOf(type: string): Format {
  const format = FORMATS[type];
  if (format !== undefined) return format;
  throw new P2pError("refused", `${type.toUpperCase()} images are not drawn`);
}
