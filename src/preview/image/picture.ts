/** Width and height in pixels. */
export interface Size {
  width: number;
  height: number;
}

/**
 * Pixels, row by row from the top left: four bytes each, red, green, blue, alpha (not
 * premultiplied).
 */
export interface Picture extends Size {
  rgba: Uint8Array;
}

/** Returns the size of a picture in a box: whole, at its own aspect ratio, never enlarged. */
export function fitSize(size: Size, box: Size): Size {
  const factor = Math.min(1, box.width / size.width, box.height / size.height);
  return {
    width: Math.max(1, Math.round(size.width * factor)),
    height: Math.max(1, Math.round(size.height * factor)),
  };
}
