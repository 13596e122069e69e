import type { Kind } from "../../protocol/messages.ts";

/** Bytes at the start of a file that decide its kind. */
export const KIND_HEAD_BYTES = 4096;

/**
 * Tells the kind of a file from its first bytes and its name. Content goes first: a picture is an
 * image under any name, and a `.csv` or `.json` that holds something else is a file.
 */
export function kindOf(head: Uint8Array, name: string): Kind {
  const bytes = head.subarray(0, KIND_HEAD_BYTES);
  if (isImage(bytes)) return "image";
  if (!isText(bytes)) return "file";
  const extension = /\.([a-z]+)$/.exec(name.toLowerCase())?.[1] ?? "";
  if (["csv", "tsv", "tab"].includes(extension)) return "csv";
  const named = ["json", "jsonc", "ndjson", "jsonl", "geojson"].includes(extension);
  return isJson(firstText(bytes), named) ? "json" : "file";
}

/** True where the bytes read as text: UTF-16, or at most one control character in ten. */
export function isText(head: Uint8Array): boolean {
  const bytes = head.subarray(0, KIND_HEAD_BYTES);
  if (utf16Of(bytes) !== undefined) return true;
  return count(bytes, isControl) * 10 <= bytes.length;
}

/**
 * Tells UTF-16 by its byte order mark, or by its zeros: in Latin text most characters have one,
 * always on the same side.
 */
export function utf16Of(head: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const bytes = head.subarray(0, KIND_HEAD_BYTES);
  if (startsWith(bytes, "fffe")) return "utf-16le";
  if (startsWith(bytes, "feff")) return "utf-16be";
  const even = everySecond(bytes, 0), odd = everySecond(bytes, 1);
  if (isHighHalf(odd) && isLowHalf(even)) return "utf-16le";
  return isHighHalf(even) && isLowHalf(odd) ? "utf-16be" : undefined;
}

/** High bytes of UTF-16: zero for all that is Latin. */
function isHighHalf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && count(bytes, (byte) => byte === 0) > bytes.length * 0.7;
}

/** Low bytes of UTF-16: never zero, and rarely a control character. */
function isLowHalf(bytes: Uint8Array): boolean {
  return !bytes.includes(0) && count(bytes, isControl) * 10 <= bytes.length;
}

/** A loop: this runs for every file of a folder, and a callback of `filter` costs ten times that. */
function count(bytes: Uint8Array, fits: (byte: number) => boolean): number {
  let fitting = 0;
  for (let i = 0; i < bytes.length; i++) if (fits(bytes[i]!)) fitting++;
  return fitting;
}

function everySecond(bytes: Uint8Array, from: number): Uint8Array {
  const half = new Uint8Array((bytes.length + 1 - from) >> 1);
  for (let i = 0; i < half.length; i++) half[i] = bytes[2 * i + from]!;
  return half;
}

function isControl(byte: number): boolean {
  return byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) || byte === 0x7f;
}

/**
 * First bytes in hex, `..` for any byte: PNG, JPEG, GIF, WebP, TIFF (two byte orders), AVIF, HEIC.
 */
const IMAGE_MAGIC = [
  "89504e470d0a1a0a",
  "ffd8ff",
  "474946383761",
  "474946383961",
  "52494646........57454250",
  "49492a00",
  "4d4d002a",
  "........6674797061766966",
  "........6674797068656963",
  "........667479706d696631",
];

function isImage(bytes: Uint8Array): boolean {
  return IMAGE_MAGIC.some((magic) => startsWith(bytes, magic)) || isBmp(bytes);
}

/**
 * "BM" alone begins many a text: the size of the header that follows must be one of those that BMP
 * has.
 */
function isBmp(bytes: Uint8Array): boolean {
  return startsWith(bytes, "424d") && bytes.length > 18 &&
    [12, 40, 52, 56, 64, 108, 124].includes(bytes[14]!) && bytes[15] === 0 && bytes[16] === 0;
}

/**
 * A known file name vouches for any JSON value; under another, text has to begin as objects and
 * lists of them do.
 */
function isJson(text: string, named: boolean): boolean {
  if (named) return text === "" || /^(?:["{[\-0-9tfn]|\/[/*])/.test(text);
  return /^\{\s*["}]/.test(text) || /^\[\s*["{]/.test(text);
}

function firstText(bytes: Uint8Array): string {
  return new TextDecoder(utf16Of(bytes) ?? "utf-8").decode(bytes).trimStart();
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return magic.match(/../g)!.every((hex, i) => hex === ".." || bytes[i] === parseInt(hex, 16));
}
