import { blendOverBlack } from "./blend.ts";
import type { Picture } from "./picture.ts";

/** Pixels with less alpha are not drawn at all: the terminal's own background shows. */
const VISIBLE_ALPHA = 16;

/**
 * Draws a picture in half blocks, two pixels above each other in each cell: a line for every second
 * row.
 */
export function drawBlocks(picture: Picture, color: "truecolor" | "256"): string[] {
  const { rgba } = blendOverBlack(picture);
  const code = (x: number, y: number) => {
    const at = (y * picture.width + x) * 4;
    const visible = y < picture.height && picture.rgba[at + 3]! >= VISIBLE_ALPHA;
    return visible ? colorCode(rgba.subarray(at, at + 3), color) : undefined;
  };
  const lines: string[] = [];
  for (let y = 0; y < picture.height; y += 2) {
    const pen = new Pen();
    for (let x = 0; x < picture.width; x++) pen.cell(code(x, y), code(x, y + 1));
    lines.push(pen.finish());
  }
  return lines;
}

/** Writes a line cell by cell, and changes colours only where they change. */
class Pen {
  #line = "";
  #front: string | undefined;
  #back: string | undefined;

  /** Adds a cell of two pixels; `undefined` is the background of the terminal. */
  cell(top: string | undefined, bottom: string | undefined): void {
    if (top === undefined) {
      this.#add(bottom === undefined ? " " : "▄", { front: bottom, back: undefined });
    } else {
      this.#add("▀", { front: top, back: bottom });
    }
  }

  finish(): string {
    return this.#front === undefined && this.#back === undefined
      ? this.#line.trimEnd()
      : this.#line + "\x1b[0m";
  }

  #add(
    character: string,
    { front, back }: { front: string | undefined; back: string | undefined },
  ) {
    const codes: string[] = [];
    if (front !== undefined && front !== this.#front) codes.push(`38;${front}`);
    if (back !== this.#back) codes.push(back === undefined ? "49" : `48;${back}`);
    if (codes.length > 0) this.#line += `\x1b[${codes.join(";")}m`;
    this.#line += character;
    this.#front = front ?? this.#front;
    this.#back = back;
  }
}

/**
 * The part of an SGR code that names a colour (ISO 8613-6, and the 6 × 6 × 6 cube and greys of
 * xterm).
 */
function colorCode(rgb: Uint8Array, color: "truecolor" | "256"): string {
  const [red, green, blue] = [rgb[0]!, rgb[1]!, rgb[2]!];
  if (color === "truecolor") return `2;${red};${green};${blue}`;
  if (Math.max(red, green, blue) - Math.min(red, green, blue) < 12) return `5;${greyIndex(green)}`;
  return `5;${16 + 36 * cubeLevel(red) + 6 * cubeLevel(green) + cubeLevel(blue)}`;
}

/** Of the greys 8, 18 … 238, and black and white. */
function greyIndex(level: number): number {
  if (level < 4) return 16;
  if (level > 246) return 231;
  return 232 + Math.min(23, Math.max(0, Math.round((level - 8) / 10)));
}

/** Of the levels 0, 95, 135 … 255. */
function cubeLevel(level: number): number {
  if (level < 48) return 0;
  return level < 115 ? 1 : Math.round((level - 55) / 40);
}
