/** A PNG as an inline image, scaled by the terminal to `columns` cells (iTerm2, "Inline Images Protocol"). */
export function drawIterm2(png: Uint8Array, columns: number): string {
  const settings = `inline=1;size=${png.length};width=${columns};preserveAspectRatio=1`;
  return `\x1b]1337;File=${settings}:${png.toBase64()}\x07`;
}
