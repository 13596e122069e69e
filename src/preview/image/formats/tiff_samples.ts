import { P2pError } from "../../../errors.ts";
import type { Picture, Size } from "../picture.ts";

/** The samples of a TIFF, pixel by pixel, and what they mean (TIFF 6.0, section 8). */
export interface Samples extends Size {
  /** Samples a pixel. */
  count: number;
  /** Bits a sample. */
  bits: number;
  /** 1 is whole, 2 signed, 3 floating. */
  format: number;
  photometric: number;
  /** All reds, all greens, all blues, of 16 bits each. */
  palette: ArrayLike<number> | undefined;
  /** What further samples are: 1 is alpha that is multiplied in, 2 alpha that is not. */
  extra: number[];
  values: ArrayLike<number>;
}

/** Writes the colours of pixels, whose samples are 0 to 255 and `count` a pixel. */
type Paint = (pixels: ArrayLike<number>, count: number, rgba: Uint8ClampedArray) => void;

/** Values of PhotometricInterpretation: how many samples a colour has, and how it is painted. */
const COLORS: Record<number, { channels: number; paint: Paint }> = {
  0: { channels: 1, paint: (pixels, count, rgba) => paintGrey(pixels, count, { rgba, flip: 255 }) },
  1: { channels: 1, paint: (pixels, count, rgba) => paintGrey(pixels, count, { rgba, flip: 0 }) },
  2: { channels: 3, paint: paintRgb },
  5: { channels: 4, paint: paintCmyk },
  6: { channels: 3, paint: paintYcbcr },
  8: { channels: 3, paint: paintLab },
};

const PALETTE = 3;

/**
 * Turns samples into red, green, blue and alpha; throws `refused` for colours that are not known.
 */
export function toRgba(samples: Samples): Picture {
  const { width, height, count, photometric, palette } = samples;
  const isPalette = photometric === PALETTE && palette !== undefined;
  const color = isPalette ? { channels: 1, paint: paintPalette(palette) } : COLORS[photometric];
  if (color === undefined) {
    throw new P2pError("refused", "TIFF images of such colours are not drawn");
  }
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  const pixels = isPalette ? samples.values : levelsOf(samples);
  color.paint(pixels, count, rgba);
  const alpha = samples.extra[0];
  if (count > color.channels && (alpha === 1 || alpha === 2)) {
    for (let i = 3, from = color.channels; i < rgba.length; i += 4, from += count) {
      rgba[i] = pixels[from]!;
    }
    if (alpha === 1) divideByAlpha(rgba);
  }
  return { width, height, rgba: new Uint8Array(rgba.buffer) };
}

/** Scales samples to 0 to 255. */
function levelsOf({ bits, format, values }: Samples): ArrayLike<number> {
  if (bits === 8 && format === 1) return values;
  const levels = new Uint8ClampedArray(values.length);
  const least = format === 2 ? -(2 ** (bits - 1)) : 0;
  const factor = format === 3 ? 255 : 255 / (2 ** bits - 1);
  for (let i = 0; i < levels.length; i++) levels[i] = (values[i]! - least) * factor;
  return levels;
}

function paintGrey(
  pixels: ArrayLike<number>,
  count: number,
  { rgba, flip }: { rgba: Uint8ClampedArray; flip: number },
): void {
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    rgba[i] = rgba[i + 1] = rgba[i + 2] = pixels[from]! ^ flip;
  }
}

function paintRgb(pixels: ArrayLike<number>, count: number, rgba: Uint8ClampedArray): void {
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    rgba[i] = pixels[from]!;
    rgba[i + 1] = pixels[from + 1]!;
    rgba[i + 2] = pixels[from + 2]!;
  }
}

function paintPalette(palette: ArrayLike<number>): Paint {
  const colors = palette.length / 3;
  return (pixels, count, rgba) => {
    for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
      const index = pixels[from]!;
      for (let c = 0; c < 3; c++) rgba[i + c] = (palette[index + c * colors] ?? 0) / 257;
    }
  };
}

function paintCmyk(pixels: ArrayLike<number>, count: number, rgba: Uint8ClampedArray): void {
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    const light = (255 - pixels[from + 3]!) / 255;
    for (let c = 0; c < 3; c++) rgba[i + c] = (255 - pixels[from + c]!) * light;
  }
}

/** ITU-R BT.601, as JPEG has it. */
function paintYcbcr(pixels: ArrayLike<number>, count: number, rgba: Uint8ClampedArray): void {
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    const y = pixels[from]!, cb = pixels[from + 1]! - 128, cr = pixels[from + 2]! - 128;
    rgba[i] = y + 1.402 * cr;
    rgba[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgba[i + 2] = y + 1.772 * cb;
  }
}

/** CIE L*a*b* to sRGB; a* and b* are signed. */
function paintLab(pixels: ArrayLike<number>, count: number, rgba: Uint8ClampedArray): void {
  const signed = (value: number) => value > 127 ? value - 256 : value;
  const light = (t: number) => t > 6 / 29 ? t ** 3 : (t - 4 / 29) * 108 / 841;
  const encode = (value: number) =>
    255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    const level = (pixels[from]! * 100 / 255 + 16) / 116;
    const x = 0.9505 * light(level + signed(pixels[from + 1]!) / 500);
    const y = light(level);
    const z = 1.089 * light(level - signed(pixels[from + 2]!) / 200);
    rgba[i] = encode(3.2406 * x - 1.5372 * y - 0.4986 * z);
    rgba[i + 1] = encode(-0.9689 * x + 1.8758 * y + 0.0415 * z);
    rgba[i + 2] = encode(0.0557 * x - 0.204 * y + 1.057 * z);
  }
}

function divideByAlpha(rgba: Uint8ClampedArray): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha > 0) { for (let c = i; c < i + 3; c++) rgba[c] = rgba[c]! * 255 / alpha; }
  }
}
