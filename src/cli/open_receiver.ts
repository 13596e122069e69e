import type { Kind } from "../protocol/messages.ts";
import type { OnConflict } from "../storage/part.ts";
import { SpaceBook } from "../storage/space_book.ts";
import { Staging } from "../storage/staging.ts";
import { Receiver } from "../transfer/receive.ts";
import type { Arrivals } from "./arrivals.ts";
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
  /** How long unfinished transfers are kept, in milliseconds. */
  keep: number;
}

/** A receiver into `dir` that tells `arrivals` what happens. */
export async function openReceiver(
  choices: ReceiverChoices,
  { output, arrivals, quotaBytes }: {
    output: Output;
    arrivals: Arrivals;
    quotaBytes?: number | undefined;
  },
): Promise<Receiver> {
  const { types, maxFileSize, onConflict, allowHidden } = choices;
  const ask = choices.accept === "ask" ? askOnTerminal(output) : undefined;
  const staging = await Staging.open(choices.dir, { keepMs: choices.keep });
  return new Receiver({
    staging,
    space: await SpaceBook.open(staging.dir, { quotaBytes }),
    acceptance: { kinds: types, maxBytes: maxFileSize, ask },
    onConflict,
    allowHidden,
    report: arrivals.report,
  });
}
