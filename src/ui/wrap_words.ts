import stringWidth from "string-width";

/**
 * A line as several, each at most `width` columns wide, broken between words, but not between a number and its unit;
 * words that are longer stay whole.
 */
export function wrapWords(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?<!\d) /)) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current === "" || stringWidth(longer) <= width) current = longer;
    else {
      lines.push(current);
      current = word;
    }
  }
  return [...lines, current];
}
