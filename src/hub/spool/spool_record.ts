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
const recipient = object({ name, key: keyText, length: int() });
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
 * The start of a transfer to people: its sender and its recipients (SPEC.md §16, §18). `transfer` is its id.
 */
export type Relay = Checked<typeof relay>;

/** A person that a transfer is for, with the length of the envelope in `envelopes`. */
export type Recipient = Checked<typeof recipient>;

/** One run of the sender. */
export interface SpooledRun {
  /** Index of its first chunk. */
  start: number;
  salt: string;
}

/** The end of a transfer for one recipient. */
export type Outcome = Checked<typeof outcome>;

/** The content of a spooled transfer's journal (SPEC.md §18). */
export interface SpoolRecord {
  relay: Relay;
  runs: SpooledRun[];
  outcomes: Outcome[];
  /** Chunks that are on disk for sure. */
  chunks: number;
  stored: boolean;
}

/**
 * Reads the lines of a journal; undefined where it does not say what was to be sent. Lines of no
 * known shape are passed over.
 */
export function readSpoolRecord(lines: readonly object[]): SpoolRecord | undefined {
  const first = linesLike(lines, object({ relay }))[0];
  if (first === undefined) return undefined;
  const runs: SpooledRun[] = [];
  for (const line of linesLike(lines, object({ attempt }))) {
    addRun(runs, { start: line.attempt.chunk, salt: line.attempt.salt });
  }
  return {
    relay: first.relay,
    runs,
    outcomes: linesLike(lines, object({ outcome })).map((line) => line.outcome),
    chunks: linesLike(lines, object({ chunks: int() })).at(-1)?.chunks ?? 0,
    stored: lines.some((line) => "stored" in line),
  };
}

/** The line of a run in the journal. */
export function runLine({ start, salt }: SpooledRun): { attempt: Checked<typeof attempt> } {
  return { attempt: { chunk: start, salt } };
}

/** Adds a run; it takes the place of those that began where it begins, or behind. */
export function addRun(runs: SpooledRun[], run: SpooledRun): void {
  while (runs.length > 0 && runs.at(-1)!.start >= run.start) runs.pop();
  runs.push(run);
}
