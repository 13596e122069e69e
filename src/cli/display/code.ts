import { type Code, formatCode } from "../../secure/code.ts";
import { formatDate, isoDate } from "../../units.ts";
import type { Output } from "./output.ts";

/** A code that was made, and what the other side does with it. */
export interface MadeCode {
  code: Code;
  untilMs: number;
  otherSide: "send" | "receive";
}

/** The hub that a code is good at, and how it is shown. */
export interface ShowCodeOptions {
  /** `host:port`. */
  hub: string;
  /** The code also as a picture. */
  qr?: boolean;
  output: Output;
}

/** Shows a code, and the line to type on the other side, which asks for the words. */
export async function showCode(
  { code, untilMs, otherSide }: MadeCode,
  { hub, qr = false, output }: ShowCodeOptions,
): Promise<void> {
  const typed = formatCode(code);
  const line = otherSide === "receive"
    ? `p2p receive ${code.nameplate} ${hub}`
    : `p2p send FILE --code ${code.nameplate} --to ${hub}`;
  output.event({ event: "code", code: typed, until: isoDate(untilMs) });
  output.result(`code        ${output.style.bold(typed)}  (once, until ${formatDate(untilMs)})`);
  output.result(`other side  ${output.style.bold(line)}`);
  if (!qr) return;
  const { renderUnicodeCompact } = await import("uqr");
  output.result(renderUnicodeCompact(typed, { border: 2 }));
}
