/** Characters that do something to a terminal or to the reader, or nothing at all, instead of being seen. */
const INVISIBLE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]--\p{VS}]/gv;

/** More marks on one letter than any script needs: they would spill over the lines around. */
const HEAP_OF_MARKS = /(\p{M}{8})\p{M}+/gu;

/** So many blanks that what follows could be out of sight; the blank Braille pattern is one too. */
const RUN_OF_BLANKS = /[\p{Zs}\u2800]{4,}/gu;

/** What can stand for itself in a line with other words. */
const ONE_WORD = /^[^\s\p{Zs}\u2800"]+$/u;

/**
 * Text from another machine, made safe to show: every control, format, bidi, zero-width, unassigned or lone surrogate
 * character becomes `\u{…}`, so that nothing it holds can move the cursor, colour, hide or reorder what is on the screen;
 * of a heap of marks eight are left, and a run of blanks is cut to ` … `. Everything that prints remote text, to a
 * terminal or to a log, goes through here.
 */
export function printable(text: string): string {
  return printableContent(text).replace(RUN_OF_BLANKS, " … ");
}

/** What a file holds, made safe as {@link printable} does; its blanks stay, for they are what it says. */
export function printableContent(text: string): string {
  return text.replace(INVISIBLE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`).replace(
    HEAP_OF_MARKS,
    "$1",
  );
}

/**
 * A name from another machine in a line of words: in quotes unless it is one plain word, so that it cannot be taken for
 * what stands around it.
 */
export function printableName(name: string): string {
  const shown = printable(name);
  return ONE_WORD.test(shown) ? shown : `"${shown.replaceAll('"', '\\"')}"`;
}

/** One line of JSON that {@link printable} would leave as it is: what it escapes JSON escapes too, to the same values. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (c) => c.split("").map(escaped).join(""));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
