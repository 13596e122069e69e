import { formatBytes, formatCount } from "../../units.ts";
import { decodeText } from "./decode_text.ts";
import { fitLine, fitText } from "./fit_text.ts";
import type { Head } from "./head.ts";
import type { PreviewOptions } from "../options.ts";
import { paint } from "./spans.ts";

/** The bytes of a text that are read. */
export const TEXT_HEAD_BYTES = 64 * 1024;

/** Shows the first lines of a text, and below them how much of it they are. */
export function previewText(head: Head, options: PreviewOptions): string[] {
  const { text, encoding } = decodeText(head);
  const lines = splitLines(text);
  if (lines.at(-1) === "") lines.pop();
  const shown = lines.slice(0, options.previewRows).map((line) => fitLine(line, options.columns));
  const parts = [
    "text",
    encoding,
    formatBytes(head.size),
    linesShown(shown.length, lines.length, head),
  ];
  return [
    ...shown,
    paint([{ text: fitText(parts.join(" · "), options.columns), style: "dim" }], options.color),
  ];
}

/** Splits text at line ends of any mix; the last line is empty where the text ends in one. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

function linesShown(shown: number, seen: number, head: Head): string {
  if (!head.whole) return `the first ${formatCount(shown, "line")} shown`;
  if (shown === seen) return formatCount(seen, "line");
  return `${formatCount(shown, "line")} of ${formatCount(seen)} shown`;
}
