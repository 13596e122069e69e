import { P2pError } from "../errors.ts";
import type { Offer } from "../protocol/messages.ts";
import { formatBytes } from "../ui/format.ts";
import { printable } from "../ui/printable.ts";
import { isInteractive } from "../ui/terminal.ts";
import type { Output } from "./output.ts";

/** Longer than this nobody is kept waiting. */
const ANSWER_WITHIN_MS = 60_000;

/** Asks on the terminal whether an offer is taken; one question at a time. "usage" where there is no terminal. */
export function askOnTerminal(output: Output): (offer: Offer, from: string) => Promise<boolean> {
  if (!isInteractive()) {
    throw new P2pError("usage", "cannot ask for every offer: there is no terminal", {
      hint: "use --accept all or --accept known",
    });
  }
  let last: Promise<unknown> = Promise.resolve();
  return (offer, from) => {
    const answer = last.then(() => ask(offer, { from, output }));
    last = answer.catch(() => {});
    return answer;
  };
}

async function ask(
  offer: Offer,
  { from, output }: { from: string; output: Output },
): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const size = offer.size === null ? "unknown size" : formatBytes(offer.size);
  const what = offer.folder ? `folder, ${offer.files} files` : offer.kind;
  using _ = output.suspend();
  const answer = await confirm({
    message: `Take "${printable(offer.name)}" (${what}, ${size}) from ${printable(from)}?`,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  return !isCancel(answer) && answer;
}
