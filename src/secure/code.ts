import { fingerprint } from "./fingerprint.ts";

/**
 * A one-time code: the place at which two people meet at a hub, and the words that only they know.
 */
export interface Code {
  nameplate: number;
  words: string[];
}

/** `417-cross-clock-zebra`. */
export function formatCode({ nameplate, words }: Code): string {
  return [nameplate, ...words].join("-");
}

/** True for the number of a code without its words. */
export function isNameplate(text: string): boolean {
  return /^\d{1,9}$/.test(text);
}

/** True for an argument that is meant as a code or the number of one, not as a file or hub. */
export function namesCode(text: string): boolean {
  return isNameplate(text) || looksLikeCode(text);
}

/** True for text that is meant as a code, not as a file or hub: a number and words. */
export function looksLikeCode(text: string): boolean {
  return /^\d{1,9}([-\s]+\p{L}+){1,8}$/u.test(text.trim());
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
