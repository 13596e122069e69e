import { formatCount } from "../../units.ts";
import { fitLine, fitText, widthOf } from "../text/fit_text.ts";
import { splitLines } from "../text/text.ts";
import type { PreviewOptions } from "../options.ts";
import type { JsonError } from "./json_tree.ts";
import type { Span } from "../text/spans.ts";

/** Line and column of a text, counted from 1. */
interface Place {
  line: number;
  column: number;
}

/**
 * Shows text that is not JSON: the place where it breaks and what should stand there, or the place
 * of its first comment; then the text, and a mark below the place.
 */
export function layJsonError(
  text: string,
  error: JsonError,
  { columns, previewRows }: Pick<PreviewOptions, "columns" | "previewRows">,
): Span[][] {
  const before = splitLines(text.slice(0, error.offset));
  const place = { line: before.length, column: before.at(-1)!.length + 1 };
  const lines = splitLines(text);
  if (lines.at(-1) === "" && lines.length > place.line) lines.pop();
  const plain = (line: string): Span[] => [{ text: fitLine(line, columns), style: "plain" }];
  const message = describeError(text, error, place);
  if (error.isComment) {
    return [[{ text: message, style: "dim" }], ...lines.slice(0, previewRows).map(plain)];
  }
  const { above, below } = linesAround(lines, place.line, previewRows);
  return [
    [{ text: fitText(message, columns), style: "error" }],
    ...above.map(plain),
    ...layBrokenLine(lines[place.line - 1]!, place.column - 1, columns),
    ...below.map(plain),
  ];
}

function describeError(text: string, { offset, expected, isComment }: JsonError, at: Place) {
  const place = `line ${formatCount(at.line)}, column ${formatCount(at.column)}`;
  if (isComment) return `JSON with comments: the first at ${place}`;
  const found = offset >= text.length ? ", and the text ends" : "";
  return `broken JSON: ${place}: expected ${expected}${found}`;
}

/** The first lines, the broken one among them; where it is further down, the one before it too. */
function linesAround(lines: string[], broken: number, count: number) {
  if (broken <= count) {
    return { above: lines.slice(0, broken - 1), below: lines.slice(broken, count) };
  }
  const first = lines.slice(0, Math.max(0, count - 3));
  return { above: [...first, "…", lines[broken - 2]!], below: [] };
}

/** The broken line, or where it is long a piece of it, and a mark below the cell that is meant. */
function layBrokenLine(line: string, at: number, width: number): Span[][] {
  const half = Math.floor(width / 2) - 1;
  const from = Math.max(0, at - half);
  const lead = from > 0 ? "…" : "";
  const before = lead + fitLine(line.slice(from, at), half);
  const shown = before + fitLine(line.slice(at), width - widthOf(before));
  return [
    [{ text: shown, style: "plain" }],
    [{ text: " ".repeat(widthOf(before)) + "^", style: "error" }],
  ];
}
