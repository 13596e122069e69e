import type { Picture, Size } from "./picture.ts";

/**
 * Returns the size at which a picture of an Exif orientation is shown: 5 to 8 lie on their side.
 */
export function orientSize({ width, height }: Size, orientation: number): Size {
  return orientation >= 5 && orientation <= 8
    ? { width: height, height: width }
    : { width, height };
}

/**
 * Turns a picture upright by its Exif orientation (Exif 2.32, tag 0x0112: 1 to 8; others leave it
 * as it is).
 */
export function orient(picture: Picture, orientation: number): Picture {
  const place = PLACES[orientation];
  if (place === undefined) return picture;
  const size = orientSize(picture, orientation);
  const from = new Uint32Array(picture.rgba.slice().buffer);
  const to = new Uint32Array(from.length);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const [column, row] = place(x, y, size);
      to[y * size.width + x] = from[row * picture.width + column]!;
    }
  }
  return { ...size, rgba: new Uint8Array(to.buffer) };
}

/**
 * For each orientation, the column and row of the stored picture that show at (x, y) of the upright
 * one.
 */
const PLACES: Record<number, (x: number, y: number, upright: Size) => [number, number]> = {
  2: (x, y, { width }) => [width - 1 - x, y],
  3: (x, y, { width, height }) => [width - 1 - x, height - 1 - y],
  4: (x, y, { height }) => [x, height - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, { width }) => [y, width - 1 - x],
  7: (x, y, { width, height }) => [height - 1 - y, width - 1 - x],
  8: (x, y, { height }) => [height - 1 - y, x],
};
