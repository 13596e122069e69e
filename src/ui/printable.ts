/** Characters that do something to a terminal or to the reader, or nothing at all, instead of being seen. */
const INVISIBLE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}]--\p{VS}]/gv;

/**
 * Text from another machine, made safe to show: every control, format, bidi, zero-width, unassigned or lone surrogate
 * character becomes `\u{…}`, so that nothing it holds can move the cursor, colour, hide or reorder what is on the screen.
 * Everything that prints remote text, to a terminal or to a log, goes through here.
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** One line of JSON that {@link printable} would leave as it is: what it escapes JSON escapes too, to the same values. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (c) => c.split("").map(escaped).join(""));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
