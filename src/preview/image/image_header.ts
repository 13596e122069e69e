import { P2pError } from "../../errors.ts";
import { formatOf } from "./formats/formats.ts";
import { MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from "./image_limits.ts";
import { imageTypeOf } from "./image_type.ts";
import type { Size } from "./picture.ts";

/** The contents of an image's header, read before any of its pixels is decoded. */
export interface ImageHeader {
  /** A short name: `jpg`, `png`. */
  type: string;
  /** Size as stored. */
  size: Size;
  /** Exif orientation, 1 to 8. */
  orientation: number;
}

/**
 * Reads the header of an image; throws `refused` where it cannot be read or the image is too large
 * to decode.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const type = imageTypeOf(bytes) ?? "unknown";
  const format = formatOf(type);
  const header = format.readHeader(bytes);
  if (header === undefined) {
    throw new P2pError("refused", `the ${format.name} is damaged: its header cannot be read`);
  }
  const { width, height } = header.size;
  const dimensions = `${width} × ${height} pixels`;
  if (!(width > 0 && height > 0)) throw new P2pError("refused", `the image has ${dimensions}`);
  if (width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE) {
    throw new P2pError(
      "refused",
      `the image has ${dimensions}, and ${MAX_IMAGE_SIDE} a side are the most`,
    );
  }
  if (width * height > MAX_IMAGE_PIXELS) {
    throw new P2pError(
      "refused",
      `the image has ${dimensions}, and ${MAX_IMAGE_PIXELS / 1e6} megapixels are the most`,
    );
  }
  return { type, ...header };
}
