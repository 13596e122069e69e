import type { Picture } from "./picture.ts";

/**
 * Removes transparency from a picture: what shows through is black, as a dark terminal's background
 * nearly is.
 */
export function blendOverBlack(picture: Picture): Picture & { rgba: Uint8Array<ArrayBuffer> } {
  const rgba = new Uint8Array(picture.rgba.length).fill(255);
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = picture.rgba[i + 3]! / 255;
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round(picture.rgba[c]! * alpha);
  }
  return { ...picture, rgba };
}
