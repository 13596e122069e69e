/** Fewest characters of a hub's secret (SPEC.md §4). */
export const MIN_SECRET_LENGTH = 8;

/**
 * A secret as people pass it on, without what they do not see of it: white space at its ends, how
 * letters are composed.
 */
export function normalizedSecret(text: string): string {
  return text.normalize("NFC").trim();
}
