import {
  type Checked,
  hex,
  int,
  keyText,
  list,
  nullable,
  object,
  oneOf,
  text,
} from "../../protocol/schema.ts";
import { linesLike } from "../../storage/journal.ts";
import { MAX_ENVELOPE_LENGTH, MAX_RECEIVERS, OUTCOME_CODES } from "../../protocol/messages.ts";

const name = text(64, 1);
const recipient = object({ name, key: keyText, sealed: text(MAX_ENVELOPE_LENGTH) });
const relay = object({
  transfer: hex(32),
  from: object({ name, key: keyText }),
  size: nullable(int()),
  created: int(),
  until: int(),
  recipients: list(recipient, MAX_RECEIVERS),
});
const attempt = object({ chunk: int(), salt: text(43, 43) });
const outcome = object({
  to: name,
  code: oneOf(OUTCOME_CODES),
  sealed: nullable(text(MAX_ENVELOPE_LENGTH)),
});

/**
 * What a transfer to people begins with: who sends, to whom, and each receiver's envelope (SPEC.md
 * §16, §18).
 */
export type Relay = Checked<typeof relay>;

/** One run of chunks of the sender: the chunk that it began at, and its salt. */
export type SpooledAttempt = Checked<typeof attempt>;

/** What became of one receiver. */
export type Outcome = Checked<typeof outcome>;

/** What the journal of a spooled transfer says (SPEC.md §18). */
export interface SpoolRecord {
  relay: Relay;
  attempts: SpooledAttempt[];
  outcomes: Outcome[];
  /** Chunks that are on disk for sure. */
  chunks: number;
  stored: boolean;
}

/**
 * Reads the lines of a journal; undefined where it does not say what was to be sent. Lines that are
 * nothing known are passed over.
 */
export function readSpoolRecord(lines: readonly object[]): SpoolRecord | undefined {
  const first = linesLike(lines, object({ relay }))[0];
  if (first === undefined) return undefined;
  const attempts: SpooledAttempt[] = [];
  for (const line of linesLike(lines, object({ attempt }))) addAttempt(attempts, line.attempt);
  return {
    relay: first.relay,
    attempts,
    outcomes: linesLike(lines, object({ outcome })).map((line) => line.outcome),
    chunks: linesLike(lines, object({ chunks: int() })).at(-1)?.chunks ?? 0,
    stored: lines.some((line) => "stored" in line),
  };
}

/** Adds a run; it takes the place of those that began where it begins, or behind. */
export function addAttempt(attempts: SpooledAttempt[], attempt: SpooledAttempt): void {
  while (attempts.length > 0 && attempts.at(-1)!.chunk >= attempt.chunk) attempts.pop();
  attempts.push(attempt);
}
