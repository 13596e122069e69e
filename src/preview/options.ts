/** The way in which colours are written: 24 bits, the 256-colour palette, or not at all. */
export type Color = "truecolor" | "256" | "none";

/** The way in which a picture is drawn. */
export type Graphics = "kitty" | "iterm2" | "sixel" | "blocks" | "characters";

/** The part of the terminal that a preview may use. */
export interface PreviewOptions {
  /** Width of the terminal in cells. */
  columns: number;
  /** Height of the terminal in cells. */
  rows: number;
  /** The most CSV rows, or lines of JSON and text, that are shown. */
  previewRows: number;
  color: Color;
  graphics: Graphics;
  signal?: AbortSignal;
}
