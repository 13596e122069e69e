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

/** The format of a type of image; throws `refused` where it is not drawn. */
export function formatOf(type: string): Format {
  const format = FORMATS[type];
  if (format !== undefined) return format;
  throw new P2pError("refused", `${type.toUpperCase()} images are not drawn`);
}
