import type { Kind } from "../protocol/messages.ts";
import type { OnConflict } from "../storage/part/part.ts";
import { Reservations } from "../storage/reservations.ts";
import { Staging } from "../storage/part/staging.ts";
import type { Acceptance } from "./receive/acceptance.ts";
import type { Report } from "./events.ts";
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
  { report, ask, quotaBytes, policy }: {
    report: Report;
    /** Asks a person; without it all that may be taken is. */
    ask?: Acceptance["ask"];
    quotaBytes?: number | undefined;
    policy?: Acceptance["policy"];
  },
): Promise<Receiver> {
  const { types, maxFileSize, onConflict, allowHidden } = choices;
  const staging = await Staging.open(choices.dir, { keepMs: choices.keep ?? KEEP_MS });
  return new Receiver({
    staging,
    space: await Reservations.open(staging.dir, { quotaBytes }),
    acceptance: { kinds: types, maxBytes: maxFileSize, policy, ask },
    onConflict,
    allowHidden,
    report,
  });
}
