import { formatBytes } from "../units.ts";
import { fitText } from "./text/fit_text.ts";
import type { Head } from "./text/head.ts";
import type { PreviewOptions } from "./options.ts";
import { paint } from "./text/spans.ts";

/** First bytes, in hex, of what people send each other and no preview shows. */
const TYPES: [magic: string, name: string][] = [
  ["25504446", "PDF document"],
  ["504b0304", "ZIP archive, or a document made of one"],
  ["1f8b", "gzip archive"],
  ["28b52ffd", "Zstandard archive"],
  ["fd377a585a00", "xz archive"],
  ["377abcaf271c", "7-Zip archive"],
  ["526172211a07", "RAR archive"],
  ["7f454c46", "Linux program or library"],
  ["4d5a", "Windows program or library"],
  ["cffaedfe", "macOS program or library"],
  ["53514c69746520666f726d6174", "SQLite database"],
  ["494433", "MP3 audio"],
  ["4f676753", "Ogg audio or video"],
  ["664c6143", "FLAC audio"],
  ["1a45dfa3", "Matroska or WebM video"],
];

/**
 * Describes in one line a file that is not shown: its type, as far as its first bytes tell, and its
 * size.
 */
export function previewOther({ bytes, size }: Head, options: PreviewOptions): string[] {
  const text = size === 0 ? "empty file" : `${typeOf(bytes)} · ${formatBytes(size)}`;
  return [paint([{ text: fitText(text, options.columns), style: "dim" }], options.color)];
}

function typeOf(bytes: Uint8Array): string {
  const hex = bytes.subarray(0, 16).toHex();
  if (hex.startsWith("66747970", 8)) return "MP4 or QuickTime video";
  return TYPES.find(([magic]) => hex.startsWith(magic))?.[1] ?? "binary data";
}
