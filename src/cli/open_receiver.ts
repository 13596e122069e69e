import type { Kind } from "../protocol/messages.ts";
import type { OnConflict } from "../storage/part.ts";
import { SpaceBook } from "../storage/space_book.ts";
import { Staging } from "../storage/staging.ts";
import type { Acceptance } from "../transfer/acceptance.ts";
import type { Report } from "../transfer/events.ts";
import { Receiver } from "../transfer/receive.ts";
import { parseDuration } from "../ui/format.ts";
import { askOnTerminal } from "./ask.ts";
import type { Output } from "./output.ts";

/** What `serve`, `join` and `receive` say about what they take. */
export interface ReceiverChoices {
  dir: string;
  accept: "all" | "known" | "ask";
  types?: Kind[] | undefined;
  maxFileSize?: number | undefined;
  onConflict: OnConflict;
  allowHidden: boolean;
  /** How long unfinished transfers are kept, in milliseconds; {@link KEEP_MS} where nobody says. */
  keep?: number;
}

/** How long what was begun is kept: a week, as of `serve --keep`. */
export const KEEP_MS = parseDuration("7d");

/** A receiver into `dir` that tells `arrivals` what happens. */
export async function openReceiver(
  choices: ReceiverChoices,
  { output, arrivals, quotaBytes, policy }: {
    output: Output;
    arrivals: { readonly report: Report };
    quotaBytes?: number | undefined;
    policy?: Acceptance["policy"];
  },
): Promise<Receiver> {
  const { types, maxFileSize, onConflict, allowHidden } = choices;
  const ask = choices.accept === "ask" ? askOnTerminal(choices.dir, output) : undefined;
  const staging = await Staging.open(choices.dir, { keepMs: choices.keep ?? KEEP_MS });
  return new Receiver({
    staging,
    space: await SpaceBook.open(staging.dir, { quotaBytes }),
    acceptance: { kinds: types, maxBytes: maxFileSize, policy, ask },
    onConflict,
    allowHidden,
    report: arrivals.report,
  });
}
