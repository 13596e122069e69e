import { utf16Of } from "../../transfer/source/kind.ts";
import { formatCount } from "../../units.ts";
import type { Head } from "./head.ts";

const UTF16_NAMES = { "utf-16le": "UTF-16 LE", "utf-16be": "UTF-16 BE" };

/** Text of a file's head, and the name of the encoding it was in. */
export interface HeadText {
  text: string;
  encoding: string;
}

/** Bad bytes for each well-formed character beyond ASCII, from which on a text is not UTF-8. */
const MAX_BAD_SHARE = 2;

/**
 * Decodes the head of a text file: UTF-16 by its byte order mark or its zeros, UTF-8 where most of
 * it is, its bad bytes as U+FFFD, else windows-1252, in which every byte means something. A
 * character that the end of the head cuts in two is left out.
 */
export function decodeText({ bytes, whole }: Pick<Head, "bytes" | "whole">): HeadText {
  const decode = (label: string, fatal = false) =>
    new TextDecoder(label, { fatal }).decode(bytes, { stream: !whole });
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return { text: decode(utf16), encoding: UTF16_NAMES[utf16] };
  try {
    return { text: decode("utf-8", true), encoding: "UTF-8" };
  } catch {
    const text = decode("utf-8");
    const bad = text.match(/\ufffd/g)?.length ?? 0;
    const good = text.match(/[^\0-\x7f\ufffd]/gu)?.length ?? 0;
    if (bad <= good * MAX_BAD_SHARE) {
      return { text, encoding: `UTF-8 with ${formatCount(bad, "bad byte")}` };
    }
    return { text: decode("windows-1252"), encoding: "probably windows-1252" };
  }
}
