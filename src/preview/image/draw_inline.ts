/** The most characters of base64 that one escape sequence may carry. */
const CHUNK_LENGTH = 4096;

/**
 * Writes a PNG as Kitty graphics, scaled by the terminal to `columns` cells ("Terminal graphics
 * protocol" of Kitty: `a=T` transmits and shows, `f=100` is PNG, `q=2` asks for no answer, `m` says
 * whether more follows).
 */
export function drawKitty(png: Uint8Array, columns: number): string {
  const base64 = png.toBase64();
  const sequences: string[] = [];
  for (let i = 0; i < base64.length; i += CHUNK_LENGTH) {
    const first = i === 0 ? `a=T,f=100,q=2,c=${columns},` : "";
    const more = i + CHUNK_LENGTH < base64.length ? 1 : 0;
    sequences.push(`\x1b_G${first}m=${more};${base64.slice(i, i + CHUNK_LENGTH)}\x1b\\`);
  }
  return sequences.join("");
}

/** Writes a PNG as an inline image of `columns` cells (iTerm2, "Inline Images Protocol"). */
export function drawIterm2(png: Uint8Array, columns: number): string {
  const settings = `inline=1;size=${png.length};width=${columns};preserveAspectRatio=1`;
  return `\x1b]1337;File=${settings}:${png.toBase64()}\x07`;
}
