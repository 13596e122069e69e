import stringWidth from "string-width";
import { printableContent } from "../../ui/printable.ts";
import type { Span } from "./spans.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Makes text from a file printable and cuts it to at most `width` cells; what is cut off shows as
 * `…`.
 */
export function fitText(text: string, width: number): string {
  // A cell of the table may hold 50 MB: it is cut before it is looked at, with room for marks that
  // take no width.
  const near = text.slice(0, 8 * width + 64);
  const seen = printableContent(near);
  if (near.length === text.length && stringWidth(seen) <= width) return seen;
  return prefix(seen, width - 1) + "…";
}

/** Fits a line of text; a tab shows as four spaces. */
export function fitLine(line: string, width: number): string {
  return fitText(line.replaceAll("\t", "    "), width);
}

/** Counts the cells that printable text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Cuts a line to `width` cells: indents and folds may take more than a narrow terminal has. */
export function cutLine(spans: readonly Span[], width: number): Span[] {
  const cut: Span[] = [];
  let room = width;
  for (const { text, style } of spans) {
    if (room <= 0) break;
    const shown = fitText(text, room);
    cut.push({ text: shown, style });
    room -= widthOf(shown);
    if (shown !== text) break;
  }
  return cut;
}

function prefix(text: string, width: number): string {
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) return text.slice(0, index);
  }
  return text;
}
