import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import { concat } from "../../bytes.ts";
import type { Picture } from "./picture.ts";

const SIGNATURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Colour types (PNG, section 11.2.2) by bytes a pixel. */
const COLOR_TYPES = { 3: 2, 4: 6 };

/**
 * The row filter that stores each byte as its difference to the pixel on the left (PNG, section
 * 9.2).
 */
const FILTER_SUB = 1;

/** Rows that are filtered without letting others have their turn. */
const ROWS_A_TURN = 100;

/**
 * Encodes a picture as PNG, RGB where nothing of it is transparent, else RGBA. It is compressed off
 * the main thread.
 */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const channels = isOpaque(picture) ? 3 : 4;
  const header = concat([
    uint32(picture.width),
    uint32(picture.height),
    new Uint8Array([8, COLOR_TYPES[channels], 0, 0, 0]),
  ]);
  const rows = await filterRows(picture, channels);
  const data = await promisify<Uint8Array, Uint8Array>(deflate)(rows);
  return concat([
    SIGNATURE,
    ...chunk("IHDR", header),
    ...chunk("IDAT", data),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function isOpaque({ rgba }: Picture): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

async function filterRows(
  { width, height, rgba }: Picture,
  channels: 3 | 4,
): Promise<Uint8Array> {
  const rows = new Uint8Array(height * (1 + width * channels));
  let at = 0;
  for (let y = 0; y < height; y++) {
    if (y % ROWS_A_TURN === 0) await setImmediate();
    rows[at++] = FILTER_SUB;
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4;
      for (let c = 0; c < channels; c++) {
        rows[at++] = rgba[from + c]! - (x > 0 ? rgba[from + c - 4]! : 0);
      }
    }
  }
  return rows;
}

function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const body = concat([new TextEncoder().encode(type), data]);
  return [uint32(data.length), body, uint32(crc32(body))];
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
