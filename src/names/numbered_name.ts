import { MAX_NAME_BYTES } from "./file_name.ts";

/**
 * The name to try when `name` is taken, for `n` from 1: `photo (1).png`, `archive (2).tar.gz`,
 * `.bashrc (1)`. At most 255 bytes of UTF-8: the stem is cut between graphemes where it must be.
 */
export function numberedName(name: string, n: number): string {
  const extension = extensionOf(name);
  const stem = name.slice(0, name.length - extension.length);
  const end = ` (${n})${extension}`;
  return cutToBytes(stem, MAX_NAME_BYTES - byteLength(end)) + end;
}

/**
 * Longest part after the last dot that is taken for an extension and kept whole, in UTF-16 units.
 */
const MAX_EXTENSION_UNITS = 16;

/**
 * `.png`, `.tar.gz`, or nothing: a leading dot starts no extension, and neither does `v1.2 final`.
 */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot);
  if (dot < 1 || extension.length > MAX_EXTENSION_UNITS || extension.includes(" ")) return "";
  const stem = name.slice(0, dot);
  const isTar = stem.length > 4 && stem.toLowerCase().endsWith(".tar");
  return isTar ? stem.slice(-4) + extension : extension;
}

function cutToBytes(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  let kept = "";
  let room = maxBytes;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    room -= byteLength(segment);
    if (room < 0) break;
    kept += segment;
  }
  return kept;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
