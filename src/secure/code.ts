import { P2pError } from "../errors.ts";
import { fingerprint } from "./fingerprint.ts";
import { randomWords, WORDS } from "./words.ts";

/** Words of a code: 33 bits, for one guess (SPEC.md §19). */
export const CODE_WORDS = 3;

/**
 * A one-time code: the place at which two people meet at a hub, and the words that only they know.
 */
export interface Code {
  nameplate: number;
  words: string[];
}

/** A code for that nameplate. */
export function newCode(nameplate: number): Code {
  return { nameplate, words: randomWords(CODE_WORDS) };
}

/** `7-crossroads-clock-zebra`. */
export function formatCode({ nameplate, words }: Code): string {
  return [nameplate, ...words].join("-");
}

/** True for text that is meant as a code, not as a file or hub: a number and words. */
export function looksLikeCode(text: string): boolean {
  return /^\d{1,9}([-\s]+\p{L}+){1,8}$/u.test(text.trim());
}

/**
 * Reads a code as it was typed: in any case, with spaces, each word cut off behind its fourth
 * letter. "usage" for what is none, so that a slip does not use a code up.
 */
export function parseCode(text: string): Code {
  const [nameplate = "", ...typed] = text.trim().toLowerCase().split(/[-\s]+/);
  if (!/^\d{1,9}$/.test(nameplate) || typed.length !== CODE_WORDS) {
    throw new P2pError("usage", `cannot read the code "${text}"`, {
      hint: `a code is a number and ${CODE_WORDS} words, such as 7-crossroads-clock-zebra`,
    });
  }
  return { nameplate: Number(nameplate), words: typed.map((word) => completed(word, text)) };
}

/** Words that begin so. */
export function wordsFrom(start: string): string[] {
  return WORDS.filter((word) => word.startsWith(start));
}

function completed(typed: string, code: string): string {
  if (WORDS.includes(typed)) return typed;
  const [word, ...others] = wordsFrom(typed);
  if (word !== undefined && others.length === 0) return word;
  const [near] = wordsFrom(typed.slice(0, 3));
  throw new P2pError(
    "usage",
    `cannot read the code "${code}": "${typed}" is not a word of a code`,
    {
      ...near === undefined ? {} : { hint: `did you mean "${near}"? The code is not used up` },
    },
  );
}

/**
 * The name of a session for a code: it is the id's, and no other key can claim it (SPEC.md §19).
 */
export function codeName(id: Uint8Array): string {
  return `#${fingerprint(id)}`;
}

/** True for names that can only be the {@link codeName} of some key. */
export function isCodeName(name: string): boolean {
  return name.startsWith("#");
}
