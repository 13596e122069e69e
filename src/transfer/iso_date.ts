/** The last moment that a `Date` can hold. */
const LAST_MS = 8.64e15;

/** A moment that another machine names, in ISO 8601: no later than there are dates. */
export function isoDate(ms: number): string {
  return new Date(Math.min(ms, LAST_MS)).toISOString();
}
