import { P2pError } from "../errors.ts";
import type { Code } from "./code.ts";
import { randomWords, WORDS } from "./words.ts";

/** Words of a code: 33 bits, for one guess (SPEC.md §19). */
export const CODE_WORDS = 3;

/** A code for that nameplate. */
export function newCode(nameplate: number): Code {
  return { nameplate, words: randomWords(CODE_WORDS) };
}

/**
 * Reads a code as it was typed: in any case, with spaces, each word cut off behind its fourth
 * letter. "usage" for what is none, so that a slip does not use a code up.
 */
export function parseCode(text: string): Code {
  const [nameplate = "", ...typed] = text.trim().toLowerCase().split(/[-\s]+/);
  if (!/^\d{1,9}$/.test(nameplate) || typed.length !== CODE_WORDS) {
    // Without what was typed: errors are kept in logs, and codes are not for those.
    throw new P2pError("usage", "cannot read the code", {
      hint: `a code is a number and ${CODE_WORDS} words, such as 417-cross-clock-zebra`,
    });
  }
  return { nameplate: Number(nameplate), words: typed.map(completed) };
}

/** Words that begin so. */
export function wordsFrom(start: string): string[] {
  return WORDS.filter((word) => word.startsWith(start));
}

function completed(typed: string): string {
  if (WORDS.includes(typed)) return typed;
  const [word, ...others] = wordsFrom(typed);
  if (word !== undefined && others.length === 0) return word;
  const [near] = wordsFrom(typed.slice(0, 3));
  throw new P2pError("usage", `cannot read the code: "${typed}" is not a word of a code`, {
    ...near === undefined ? {} : { hint: `did you mean "${near}"? The code is not used up` },
  });
}
