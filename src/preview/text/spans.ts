import type { Color } from "../options.ts";

/** The role of a piece of text: the terminal's own theme gives it its colour. */
export type Style = "plain" | "bold" | "dim" | "key" | "string" | "number" | "literal" | "error";

/** A piece of a line in one style. The text is printable already. */
export interface Span {
  text: string;
  style: Style;
}

const SGR: Record<Style, string> = {
  plain: "",
  bold: "1",
  dim: "2",
  key: "36",
  string: "32",
  number: "33",
  literal: "35",
  error: "31",
};

/** Paints one line for the terminal; with colour `none` it holds no escape. */
export function paint(spans: readonly Span[], color: Color): string {
  return spans.map(({ text, style }) =>
    color === "none" || style === "plain" || text === ""
      ? text
      : `\x1b[${SGR[style]}m${text}\x1b[0m`
  ).join("");
}
