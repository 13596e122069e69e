import type { Picture, Size } from "./picture.ts";

/**
 * Shrinks a picture: each pixel is the mean of those that it stands for, weighted by their alpha.
 */
export function shrink(picture: Picture, size: Size): Picture {
  if (picture.width === size.width && picture.height === size.height) return picture;
  const rgba = new Uint8Array(size.width * size.height * 4);
  for (let y = 0; y < size.height; y++) {
    const top = Math.floor((y * picture.height) / size.height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * picture.height) / size.height));
    for (let x = 0; x < size.width; x++) {
      const left = Math.floor((x * picture.width) / size.width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * picture.width) / size.width));
      writeMean(picture, { left, top, right, bottom }, rgba, (y * size.width + x) * 4);
    }
  }
  return { ...size, rgba };
}

function writeMean(
  { rgba, width }: Picture,
  area: { left: number; top: number; right: number; bottom: number },
  into: Uint8Array,
  at: number,
): void {
  let red = 0, green = 0, blue = 0, alpha = 0;
  for (let y = area.top; y < area.bottom; y++) {
    const end = (y * width + area.right) * 4;
    for (let i = (y * width + area.left) * 4; i < end; i += 4) {
      const weight = rgba[i + 3]!;
      red += rgba[i]! * weight;
      green += rgba[i + 1]! * weight;
      blue += rgba[i + 2]! * weight;
      alpha += weight;
    }
  }
  if (alpha === 0) return;
  into[at] = Math.round(red / alpha);
  into[at + 1] = Math.round(green / alpha);
  into[at + 2] = Math.round(blue / alpha);
  into[at + 3] = Math.round(alpha / ((area.right - area.left) * (area.bottom - area.top)));
}
