import type { Kind } from "../protocol/messages.ts";
import type { OnConflict } from "../storage/part/part.ts";
import { type Keeping, Staging } from "../storage/part/staging.ts";
import type { Acceptance } from "./receive/acceptance.ts";
import type { Report } from "./events.ts";
import { AlreadyHere, type ReceivedLog } from "./receive/already_here.ts";
import { Receiver } from "./receive/receiver.ts";
import { parseDuration } from "../units.ts";

/** The choices of a receiver: where files go, and which are taken. */
export interface ReceiverChoices {
  dir: string;
  types?: Kind[] | undefined;
  maxFileSize?: number | undefined;
  onConflict: OnConflict;
  allowHidden: boolean;
  /**
   * The time for which unfinished transfers are kept, in milliseconds; {@link KEEP_MS} by default.
   */
  keep?: number;
}

/** The time for which what was begun is kept: a week, as of `serve --keep`. */
export const KEEP_MS = parseDuration("7d");

/** A receiver into `dir` that reports what happens. */
export async function openReceiver(
  choices: ReceiverChoices,
  { report, ask, kept, policy, received }: {
    report: Report;
    /** Asks a person; without it all that may be taken is. */
    ask?: Acceptance["ask"];
    /** Everything that is kept is booked there; without it nothing but the disk counts. */
    kept?: Keeping | undefined;
    policy?: Acceptance["policy"];
    /** Remembers what came; without it every offer is new. */
    received?: ReceivedLog;
  },
): Promise<Receiver> {
  const { types, maxFileSize, onConflict, allowHidden } = choices;
  const staging = await Staging.open(choices.dir, { keepMs: choices.keep ?? KEEP_MS, kept });
  return new Receiver({
    staging,
    acceptance: { kinds: types, maxBytes: maxFileSize, policy, ask },
    onConflict,
    allowHidden,
    alreadyHere: received && new AlreadyHere(staging.dir, received),
    report,
  });
}
