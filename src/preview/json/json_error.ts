import { formatCount } from "../../units.ts";
import { fitText, widthOf } from "../text/fit_text.ts";
import type { JsonError } from "./json_tree.ts";
import type { Span } from "../text/spans.ts";

/**
 * Shows where JSON breaks: line and column, what should stand there, and that line with the one
 * before it.
 */
export function layJsonError(
  text: string,
  { offset, expected }: JsonError,
  width: number,
): Span[][] {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const line = text.slice(0, lineStart).split("\n").length;
  const column = offset - lineStart + 1;
  const place = `line ${formatCount(line)}, column ${formatCount(column)}`;
  const found = offset >= text.length ? ", and the text ends" : "";
  const message = `broken JSON: ${place}: expected ${expected}${found}`;
  const { shown, caret } = around(text, { offset, lineStart, width });
  return [
    [{ text: fitText(message, width), style: "error" }],
    ...lineBefore(text, lineStart, width),
    [{ text: shown, style: "plain" }],
    [{ text: " ".repeat(caret) + "^", style: "error" }],
  ];
}

/** The broken line, or where it is long a piece of it, and the cell that the error is in. */
function around(
  text: string,
  { offset, lineStart, width }: { offset: number; lineStart: number; width: number },
): { shown: string; caret: number } {
  const half = Math.floor(width / 2) - 1;
  const from = Math.max(lineStart, offset - half);
  const before = fitText(text.slice(from, offset), half);
  const lineEnd = text.indexOf("\n", offset);
  const after = text.slice(offset, lineEnd === -1 ? undefined : lineEnd);
  const lead = from > lineStart ? "…" : "";
  return {
    shown: lead + before + fitText(after, width - widthOf(lead + before)),
    caret: widthOf(lead + before),
  };
}

function lineBefore(text: string, lineStart: number, width: number): Span[][] {
  if (lineStart === 0) return [];
  const start = text.lastIndexOf("\n", lineStart - 2) + 1;
  return [[{ text: fitText(text.slice(start, lineStart - 1), width), style: "dim" }]];
}
