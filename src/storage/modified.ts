/** The last millisecond that a `Date` can hold; what lies beyond is no time. */
const MAX_DATE_MS = 8.64e15;

/** Sets the time of last change, in milliseconds, of a file or a folder; null leaves it, as does what no system can hold. */
export function setModifiedSync(path: string, modified: number | null): void {
  if (modified === null || modified > MAX_DATE_MS) return;
  try {
    Deno.utimeSync(path, new Date(), new Date(modified));
  } catch (error) {
    // The bytes are what counts; only a file that is gone is worth a word.
    if (error instanceof Deno.errors.NotFound) throw error;
  }
}
