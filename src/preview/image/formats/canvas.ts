import type { Picture, Size } from "../picture.ts";

/** A frame of an animation, and where it lies on the canvas. */
export interface PlacedFrame extends Picture {
  x: number;
  y: number;
}

/** Lays a frame on an empty canvas; what lies beside it is cut off. */
export function onCanvas({ width, height }: Size, frame: PlacedFrame): Picture {
  const rgba = new Uint8Array(width * height * 4);
  const columns = Math.min(frame.width, width - frame.x);
  const rows = Math.min(frame.height, height - frame.y);
  for (let y = 0; y < rows && columns > 0; y++) {
    const from = y * frame.width * 4;
    const to = ((y + frame.y) * width + frame.x) * 4;
    rgba.set(frame.rgba.subarray(from, from + columns * 4), to);
  }
  return { width, height, rgba };
}
