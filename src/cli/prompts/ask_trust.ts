import { stderr } from "node:process";
import { printable } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";
import type { Output } from "../display/output.ts";

/** Decides about a hub that is met for the first time: by `--trust-new`, else by asking, and without a terminal no. */
export function askTrust(
  where: string,
  { trustNew, signal }: { trustNew: boolean; signal?: AbortSignal },
): (fingerprint: string) => Promise<boolean> {
  return async (fingerprint) => {
    if (trustNew) return true;
    if (!isInteractive()) return false;
    const { confirm, isCancel } = await import("@clack/prompts");
    const answer = await confirm({
      message: `${
        printable(where)
      } is new. Its fingerprint is ${fingerprint}: is that what \`p2p serve\` shows there?`,
      initialValue: false,
      output: stderr, // Nothing but results goes to stdout.
      ...signal && { signal },
    });
    return !isCancel(answer) && answer;
  };
}

/** Tells that the key of a hub was remembered without a question. */
export function notePinned(where: string, output: Output): (fingerprint: string) => void {
  return (fingerprint) => output.note(`${where} is new: its key ${fingerprint} is remembered`);
}
