import type { Head } from "./head.ts";

/** Text of a file's head, and the name of the encoding it was in. */
export interface HeadText {
  text: string;
  encoding: string;
}

/**
 * Decodes the head of a text file: UTF-16 by its byte order mark, UTF-8 where it is valid, else
 * windows-1252, in which every byte means something. A character that the end of the head cuts in
 * two is left out.
 */
export function decodeText({ bytes, whole }: Pick<Head, "bytes" | "whole">): HeadText {
  const decode = (label: string, fatal: boolean) =>
    new TextDecoder(label, { fatal }).decode(bytes, { stream: !whole });
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return { text: decode("utf-16le", false), encoding: "UTF-16 LE" };
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return { text: decode("utf-16be", false), encoding: "UTF-16 BE" };
  }
  try {
    return { text: decode("utf-8", true), encoding: "UTF-8" };
  } catch {
    return { text: decode("windows-1252", false), encoding: "windows-1252" };
  }
}
