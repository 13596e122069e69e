import { formatBytes } from "../../units.ts";
import { decodeImage } from "./decode_image.ts";
import { drawBlocks } from "./draw_blocks.ts";
import { drawCharacters } from "./draw_characters.ts";
import { drawIterm2, drawKitty } from "./draw_inline.ts";
import { checkedSixel } from "./draw_sixel.ts";
import { encodePng } from "./encode_png.ts";
import { fitText } from "../text/fit_text.ts";
import type { ImageFacts } from "./image_reply.ts";
import type { Graphics, PreviewOptions } from "../options.ts";
import type { Picture, Size } from "./picture.ts";
import { paint } from "../text/spans.ts";

/** The most cells a picture takes, however large the terminal is. */
const MAX_CELLS: Size = { width: 120, height: 40 };

/** Lines left free of the picture: its caption and the prompt. */
const FREE_ROWS = 4;

/**
 * Pixels drawn in a cell. Its true number of pixels is not known: Kitty and iTerm2 scale the
 * picture to a number of cells, so that fewer do; sixel cannot.
 */
const CELL_PIXELS: Record<Graphics, Size> = {
  kitty: { width: 7, height: 14 },
  iterm2: { width: 7, height: 14 },
  sixel: { width: 8, height: 16 },
  blocks: { width: 1, height: 2 },
  characters: { width: 1, height: 2 },
};

/**
 * Draws a picture, and below it its type, dimensions and size. Throws `refused` with the reason
 * where it is not drawn.
 */
export async function previewImage(
  path: string,
  size: number,
  options: PreviewOptions,
): Promise<string[]> {
  const cell = CELL_PIXELS[options.graphics];
  const box = {
    width: Math.max(1, Math.min(options.columns, MAX_CELLS.width)) * cell.width,
    height: Math.max(1, Math.min(options.rows - FREE_ROWS, MAX_CELLS.height)) * cell.height,
  };
  const form = options.graphics === "sixel" ? "sixel" : "rgba";
  const { body, ...facts } = await decodeImage(path, { box, form, signal: options.signal });
  const caption = paint([
    { text: fitText(describe(facts, size), options.columns), style: "dim" },
  ], options.color);
  return [...await draw(body, facts.drawn, options), caption];
}

async function draw(
  body: Uint8Array,
  drawn: Size,
  { graphics, color }: PreviewOptions,
): Promise<string[]> {
  if (graphics === "sixel") return [checkedSixel(body)];
  const picture: Picture = { ...drawn, rgba: body };
  if (graphics === "characters" || color === "none") return drawCharacters(picture);
  if (graphics === "blocks") return drawBlocks(picture, color);
  const columns = Math.max(1, Math.round(drawn.width / CELL_PIXELS[graphics].width));
  const png = await encodePng(picture);
  return [graphics === "kitty" ? drawKitty(png, columns) : drawIterm2(png, columns)];
}

function describe({ type, image, cut }: ImageFacts, size: number): string {
  const name = { jpg: "JPEG", webp: "WebP" }[type] ?? type.toUpperCase();
  const facts = [name, `${image.width} × ${image.height}`, formatBytes(size)];
  return [...facts, ...(cut ? ["its end is missing"] : [])].join(" · ");
}
