/** Fewest characters of a hub's secret (SPEC.md §4). */
export const MIN_SECRET_LENGTH = 8;

/** The words of a secret that a hub makes up: 66 bits. */
export const SECRET_WORDS = 6;

/**
 * A secret as people pass it on, without what they do not see or care about: white space at its
 * ends, how letters are composed, and in six words the case and what stands between them.
 */
export function normalizedSecret(text: string): string {
  return wordsOfSecret(text)?.join("-") ?? text.normalize("NFC").trim();
}

/** The words of a secret that is made of six; undefined for any other. */
export function wordsOfSecret(text: string): string[] | undefined {
  const words = text.trim().toLowerCase().split(/[-\s]+/);
  return words.length === SECRET_WORDS && words.every((word) => /^[a-z]+$/.test(word))
    ? words
    : undefined;
}
