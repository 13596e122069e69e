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

/** Puts the colour of a pixel, whose samples are 0 to 255, where it belongs. */
type Put = (pixel: Uint8ClampedArray, rgba: Uint8ClampedArray, at: number) => void;

/** Values of PhotometricInterpretation, and how their samples become red, green and blue. */
const COLORS: Record<number, { channels: number; put: Put }> = {
  0: { channels: 1, put: ([grey], rgba, at) => rgba.fill(255 - grey!, at, at + 3) },
  1: { channels: 1, put: ([grey], rgba, at) => rgba.fill(grey!, at, at + 3) },
  2: { channels: 3, put: (pixel, rgba, at) => rgba.set(pixel.subarray(0, 3), at) },
  5: { channels: 4, put: putCmyk },
  6: { channels: 3, put: putYcbcr },
  8: { channels: 3, put: putLab },
};

const PALETTE = 3;

/**
 * Turns samples into red, green, blue and alpha; throws `refused` for colours that are not known.
 */
export function toRgba(samples: Samples): Picture {
  const { width, height, count, photometric, values } = samples;
  const color = photometric === PALETTE
    ? { channels: 1, put: putPalette(samples) }
    : COLORS[photometric];
  if (color === undefined) {
    throw new P2pError("refused", "TIFF images of such colours are not drawn");
  }
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  const pixel = new Uint8ClampedArray(count);
  const level = photometric === PALETTE ? (value: number) => value : levelOf(samples);
  const alphaKind = samples.extra[0];
  const alpha = count > color.channels && (alphaKind === 1 || alphaKind === 2)
    ? color.channels
    : undefined;
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += count) {
    for (let c = 0; c < count; c++) pixel[c] = level(values[from + c]!);
    color.put(pixel, rgba, i);
    if (alpha === undefined) continue;
    rgba[i + 3] = pixel[alpha]!;
    if (alphaKind === 1) divideByAlpha(rgba, i);
  }
  return { width, height, rgba: new Uint8Array(rgba.buffer) };
}

/** Scales a sample to 0 to 255. */
function levelOf({ bits, format }: Samples): (value: number) => number {
  if (format === 3) return (value) => value * 255;
  const most = 2 ** bits - 1, least = format === 2 ? -(2 ** (bits - 1)) : 0;
  return (value) => (value - least) * 255 / most;
}

function putPalette({ palette = [] }: Samples): Put {
  const colors = palette.length / 3;
  return ([index], rgba, at) => {
    for (let c = 0; c < 3; c++) rgba[at + c] = (palette[index! + c * colors] ?? 0) / 257;
  };
}

function putCmyk(pixel: Uint8ClampedArray, rgba: Uint8ClampedArray, at: number): void {
  const light = 255 - pixel[3]!;
  for (let c = 0; c < 3; c++) rgba[at + c] = (255 - pixel[c]!) * light / 255;
}

/** ITU-R BT.601, as JPEG has it. */
function putYcbcr([y, cb, cr]: Uint8ClampedArray, rgba: Uint8ClampedArray, at: number): void {
  rgba[at] = y! + 1.402 * (cr! - 128);
  rgba[at + 1] = y! - 0.344136 * (cb! - 128) - 0.714136 * (cr! - 128);
  rgba[at + 2] = y! + 1.772 * (cb! - 128);
}

/** CIE L*a*b* to sRGB; a* and b* are signed. */
function putLab([l, a, b]: Uint8ClampedArray, rgba: Uint8ClampedArray, at: number): void {
  const signed = (value: number) => value > 127 ? value - 256 : value;
  const y = (l! * 100 / 255 + 16) / 116;
  const [x, z] = [y + signed(a!) / 500, y - signed(b!) / 200];
  const light = (t: number) => t > 6 / 29 ? t ** 3 : (t - 4 / 29) * 108 / 841;
  const [X, Y, Z] = [0.9505 * light(x), light(y), 1.089 * light(z)];
  const linear = [
    3.2406 * X - 1.5372 * Y - 0.4986 * Z,
    -0.9689 * X + 1.8758 * Y + 0.0415 * Z,
    0.0557 * X - 0.204 * Y + 1.057 * Z,
  ];
  for (const [c, value] of linear.entries()) {
    rgba[at + c] = 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);
  }
}

function divideByAlpha(rgba: Uint8ClampedArray, at: number): void {
  const alpha = rgba[at + 3]!;
  if (alpha > 0) { for (let c = at; c < at + 3; c++) rgba[c] = rgba[c]! * 255 / alpha; }
}
