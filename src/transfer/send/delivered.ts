import { type Receipt, RECEIPT_FIELDS } from "../../protocol/messages.ts";
import { fieldsOf } from "../../protocol/schema.ts";
import { type Delivered, tenths } from "../events.ts";
import type { Source } from "../source/source.ts";

/** The event for `source` once its receipt is there; times in milliseconds. */
export function deliveredEvent(
  receipt: Receipt,
  { source, transfer, to, already = false, ...times }: {
    source: Source;
    transfer: string;
    to: string;
    /** True where the receiver had it before. */
    already?: boolean;
    latency: number;
    duration: number;
  },
): Delivered {
  return {
    event: "delivered",
    ...{ transfer, to, name: source.name },
    ...fieldsOf(RECEIPT_FIELDS, receipt),
    latency: tenths(times.latency),
    duration: tenths(times.duration),
    ...(source.folder ? { files: source.files } : {}),
    ...(already ? { already } : {}),
  };
}
