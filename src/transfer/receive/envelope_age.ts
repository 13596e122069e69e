import { P2pError } from "../../errors.ts";
import { formatDate } from "../../units.ts";

const DAY_MS = 86_400_000;

/** The age from which an envelope is taken no more (SPEC.md §17). */
export const MAX_ENVELOPE_AGE_MS = 180 * DAY_MS;

/** The time by which an envelope may be ahead of the receiver's clock (SPEC.md §17). */
export const MAX_ENVELOPE_AHEAD_MS = DAY_MS;

/**
 * Throws "refused" for an envelope that was made too long before `now`, so that nobody knows any
 * more whether it was answered, or after it; both in milliseconds since 1970.
 */
export function checkEnvelopeAge(created: number, now: number): void {
  if (now - created > MAX_ENVELOPE_AGE_MS) {
    const days = MAX_ENVELOPE_AGE_MS / DAY_MS;
    throw new P2pError("refused", `it was sent ${formatDate(created)}, over ${days} days ago`);
  }
  if (created - now > MAX_ENVELOPE_AHEAD_MS) {
    throw new P2pError(
      "refused",
      `one clock is wrong: it was sent ${formatDate(created)} by the hub's clock, ` +
        `and the receiver's says ${formatDate(now)}`,
    );
  }
}
