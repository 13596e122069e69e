/** A count for people, with its noun where one is given: `1,234 rows`, `1 row`. */
export function formatCount(count: number, noun?: string): string {
  const number = count.toLocaleString("en-US");
  return noun === undefined ? number : `${number} ${noun}${count === 1 ? "" : "s"}`;
}
