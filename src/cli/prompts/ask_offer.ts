import { resolve } from "node:path";
import { stderr } from "node:process";
import { P2pError } from "../../errors.ts";
import type { Offer } from "../../protocol/messages.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import type { Acceptance, Sender } from "../../transfer/receive/acceptance.ts";
import { formatBytes } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";
import type { Output } from "../display/output.ts";

/** The most that a sender waits for an answer. */
const ANSWER_WITHIN_MS = 60_000;

/**
 * The question of `--accept ask`: asks on the terminal whether an offer is taken, one question at a
 * time. Undefined for any other `--accept`; "usage" where there is no terminal.
 */
export function askOffer(
  { dir, accept }: { dir: string; accept: "all" | "known" | "ask" },
  output: Output,
): Acceptance["ask"] {
  if (accept !== "ask") return undefined;
  if (!isInteractive()) {
    throw new P2pError("usage", "cannot ask for every offer: there is no terminal", {
      hint: "use --accept all or --accept known",
    });
  }
  let last: Promise<unknown> = Promise.resolve();
  return (offer, from) => {
    // From the offer on, not from when its turn has come.
    const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const message = question(offer, { from, dir });
    const answer = last.then(() => late.aborted ? false : ask(message, { late, output }));
    last = answer.catch(() => {});
    return answer;
  };
}

function question(offer: Offer, { from, dir }: { from: Sender; dir: string }): string {
  const { name, kind, size, folder, files } = offer;
  const bytes = size === null ? "unknown size" : formatBytes(size);
  const what = folder ? `folder, ${files} ${files === 1 ? "file" : "files"}` : kind;
  const who = `${printable(from.name)} (${fingerprint(from.key)})`;
  return `Take "${printable(resolve(dir, name))}" (${what}, ${bytes}) from ${who}?`;
}

async function ask(
  message: string,
  { late, output }: { late: AbortSignal; output: Output },
): Promise<boolean> {
  const { confirm } = await import("@clack/prompts");
  const { answerTo } = await import("./answer.ts");
  using _ = output.suspend();
  const ask = (signal: AbortSignal) =>
    confirm({ message, signal: AbortSignal.any([signal, late]), output: stderr });
  return await answerTo(ask) ?? false;
}
