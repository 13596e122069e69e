import stringWidth from "string-width";
import { printable } from "../../ui/printable.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Text from a file, made printable and cut to at most `width` cells; what is cut off shows as `…`. */
export function fitText(text: string, width: number): string {
  // A cell of the table may hold 50 MB: it is cut before it is looked at, with room for marks that take no width.
  const near = text.slice(0, 8 * width + 64);
  const seen = withoutHeaps(printable(near));
  if (near.length === text.length && stringWidth(seen) <= width) return seen;
  return prefix(seen, width - 1) + "…";
}

/** How many cells printable text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** A letter keeps eight of its combining marks: a heap of them would spill over the lines above and below. */
function withoutHeaps(text: string): string {
  return text.replace(/(\p{M}{8})\p{M}+/gu, "$1");
}

function prefix(text: string, width: number): string {
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) return text.slice(0, index);
  }
  return text;
}
