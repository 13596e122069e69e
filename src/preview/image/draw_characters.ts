import { blendOverBlack } from "./blend.ts";
import type { Picture } from "./picture.ts";

/** From dark to bright. */
const RAMP = " .:-=+*#%@";

/**
 * Draws a picture in plain characters, two pixels above each other in each: a line for every second
 * row, no escapes.
 */
export function drawCharacters(picture: Picture): string[] {
  const { width, height, rgba } = blendOverBlack(picture);
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = "";
    for (let x = 0; x < width; x++) {
      const top = brightness(rgba, (y * width + x) * 4);
      const bottom = y + 1 < height ? brightness(rgba, ((y + 1) * width + x) * 4) : top;
      line += RAMP[Math.floor(((top + bottom) / 2) * (RAMP.length - 0.01))];
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

/** Luma of a pixel, 0 to 1 (ITU-R BT.601). */
function brightness(rgba: Uint8Array, at: number): number {
  return (0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!) / 255;
}
