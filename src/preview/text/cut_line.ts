import { fitText, widthOf } from "./fit_text.ts";
import type { Span } from "./spans.ts";

/** A line cut to `width` cells: indents and folds may take more than a narrow terminal has. */
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
