/** First bytes in hex, `..` for any byte, and what they begin. */
const MAGIC: [hex: string, type: string][] = [
  ["89504e470d0a1a0a", "png"],
  ["ffd8ff", "jpg"],
  ["47494638", "gif"],
  ["52494646........57454250", "webp"],
  ["49492a00", "tiff"],
  ["4d4d002a", "tiff"],
  ["49492b00", "tiff"],
  ["4d4d002b", "tiff"],
  ["424d", "bmp"],
  ["........6674797061766966", "avif"],
  ["........66747970", "heic"],
];

/** How many of an image's first bytes tell its type. */
export const IMAGE_MAGIC_BYTES = 16;

/** Tells the type of an image by its first bytes. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, IMAGE_MAGIC_BYTES).toHex();
  return MAGIC.find(([hex]) => new RegExp(`^${hex}`).test(head))?.[1];
}
