import { foldedName } from "./folded_name.ts";

/** Words that stand for others than a person of that name, in rules and on command lines. */
const WORDS = new Set(["known", "anybody", "people", "hub", "all"].map(foldedName));

/** As a fingerprint is shown (SPEC.md §1), in either case. */
const FINGERPRINT = /^[a-z2-7]{5}(?:-[a-z2-7]{5}){3}$/i;

/** True for what looks like a fingerprint, and so is never a name. */
export function looksLikeFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/** True for a name that nobody may go by: it would be taken for something else (SPEC.md §15). */
export function isReservedName(name: string): boolean {
  return WORDS.has(foldedName(name)) || looksLikeFingerprint(name) || name.startsWith("@");
}
