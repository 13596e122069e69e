import { type Code, formatCode } from "../../secure/code.ts";
import { isoDate } from "../../transfer/iso_date.ts";
import { formatDate } from "../../units.ts";
import type { Output } from "./output.ts";

/** Where a code is good, and what the other side does with it. */
export interface ShowCodeOptions {
  /** `host:port`. */
  hub: string;
  /** Milliseconds. */
  until: number;
  otherSide: "send" | "receive";
  qr: boolean;
  output: Output;
}

/** Shows a code, and the line to type on the other side; also as a QR code where that is wanted. */
export async function showCode(code: Code, options: ShowCodeOptions): Promise<void> {
  const { hub, until, otherSide, qr, output } = options;
  const typed = formatCode(code);
  const line = otherSide === "receive"
    ? `p2p receive ${typed} ${hub}`
    : `p2p send FILE --code ${typed} --to ${hub}`;
  output.event({ event: "code", code: typed, until: isoDate(until) });
  output.result(`code        ${output.style.bold(typed)}  (once, until ${formatDate(until)})`);
  output.result(`other side  ${output.style.bold(line)}`);
  if (!qr) return;
  const { renderUnicodeCompact } = await import("uqr");
  output.result(renderUnicodeCompact(line, { border: 2 }));
}
