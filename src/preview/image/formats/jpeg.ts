import { concat } from "../../../bytes.ts";
import type { Picture, Size } from "../picture.ts";
import { readOrientation } from "./exif.ts";
import type { Format, Header } from "./format.ts";

/** JPEG, in grey, YCbCr, RGB or CMYK. */
export const JPEG: Format = {
  name: "JPEG",
  readHeader,
  async load() {
    const { default: module } = await import("imagescript/wasm/node/jpeg.js");
    const jpeg = await module.init();
    return (bytes, { width, height }) => toRgba(jpeg.decode(bareJpeg(bytes), width, height));
  },
  isCutOff,
};

/** A segment before the pixels. */
interface Segment {
  marker: number;
  /** Without its marker and length. */
  data: Uint8Array;
  bytes: Uint8Array;
}

/** Start of scan, end of image, and the application data that says how colours are meant. */
const SOS = 0xda, EOI = 0xd9, APP0 = 0xe0, APP1 = 0xe1, APP14 = 0xee, COMMENT = 0xfe;

/**
 * The segments up to the pixels and the scan that begins them (ITU-T T.81, annex B). What stands
 * between segments is passed over, as a wrong length leaves it.
 */
function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker < 0xc0 || marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xd0 && marker <= EOI) {
      at += 2;
      continue;
    }
    const end = at + 2 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    const last = marker === SOS ? bytes.length : end;
    yield { marker, data: bytes.subarray(at + 4, end), bytes: bytes.subarray(at, last) };
    at = Math.max(last, at + 2);
  }
}

function readHeader(bytes: Uint8Array): Header | undefined {
  let size: Size | undefined, orientation = 1;
  for (const { marker, data } of segments(bytes)) {
    if (isFrame(marker) && data.length >= 5) {
      size ??= { width: data[3]! << 8 | data[4]!, height: data[1]! << 8 | data[2]! };
    }
    const isExif = marker === APP1 && String.fromCharCode(...data.subarray(0, 6)) === "Exif\0\0";
    if (isExif && orientation === 1) orientation = readOrientation(data.subarray(6));
  }
  return size && { size, orientation };
}

/** Start of frame, of whatever coding. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The file without the application data that no picture is made of. */
function bareJpeg(bytes: Uint8Array): Uint8Array {
  const kept = [...segments(bytes)].filter(({ marker }) =>
    (marker < APP0 || marker === APP0 || marker === APP14) && marker !== COMMENT
  );
  return concat([bytes.subarray(0, 2), ...kept.map((segment) => segment.bytes)]);
}

/** Tells whether no end follows the pixels; a smaller picture in the Exif has its own. */
function isCutOff(bytes: Uint8Array): boolean {
  const scan = [...segments(bytes)].find(({ marker }) => marker === SOS)?.bytes ?? new Uint8Array();
  for (let i = scan.length - 2; i >= 0; i--) {
    if (scan[i] === 0xff && scan[i + 1] === EOI) return false;
  }
  return true;
}

/** Grey, RGB or CMYK samples to RGBA. */
function toRgba({ width, height, buffer }: Size & { buffer: Uint8Array }): Picture {
  const channels = buffer.length / (width * height);
  if (![1, 3, 4].includes(channels)) throw new RangeError(`${channels} bytes a pixel`);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0, j = 0; i < rgba.length; i += 4, j += channels) {
    const black = channels === 4 ? 255 - buffer[j + 3]! : 255;
    for (let c = 0; c < 3; c++) {
      const sample = buffer[channels === 1 ? j : j + c]!;
      rgba[i + c] = channels === 4 ? ((255 - sample) * black) / 255 : sample;
    }
  }
  return { width, height, rgba };
}
