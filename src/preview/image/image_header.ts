import { imageSize } from "image-size";
import { P2pError } from "../../errors.ts";
import { MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from "./image_limits.ts";
import type { Size } from "./picture.ts";

/** The contents of an image's header, read before any of its pixels is decoded. */
export interface ImageHeader {
  /** As `image-size` names it: `jpg`, `png`. */
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
  const { type, width, height, orientation } = parse(bytes);
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
  return { type: type ?? "unknown", size: { width, height }, orientation: orientation ?? 1 };
}

function parse(bytes: Uint8Array): ReturnType<typeof imageSize> {
  try {
    return imageSize(bytes);
  } catch (cause) {
    throw new P2pError("refused", "the header of the image cannot be read", { cause });
  }
}
