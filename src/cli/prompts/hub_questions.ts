import { stderr } from "node:process";
import type { Questions } from "../../client/hub_client.ts";
import { printable } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";

/** The answers that are known without asking, and the signal that takes a question back. */
export interface HubQuestionsOptions {
  /** A new hub is the right one. */
  trustNew?: boolean;
  signal: AbortSignal;
}

/** Asks on the terminal; without one nothing is trusted, and no secret known. */
export function hubQuestions({ trustNew = false, signal }: HubQuestionsOptions): Questions {
  return {
    trustKey: async (hub, fingerprint) =>
      trustNew || isInteractive() && await askToTrust(hub, { fingerprint, signal }),
    secret: async (hub, isAgain) => isInteractive() ? await askForSecret(hub, isAgain) : undefined,
  };
}

async function askToTrust(
  hub: string,
  { fingerprint, signal }: { fingerprint: string; signal: AbortSignal },
): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({
    message: `${
      printable(hub)
    } is new. Its fingerprint is ${fingerprint}: is that what \`p2p serve\` shows there?`,
    initialValue: false,
    output: stderr, // Nothing but results goes to stdout.
    signal,
  });
  return !isCancel(answer) && answer;
}

async function askForSecret(hub: string, isAgain: boolean): Promise<string | undefined> {
  const { password } = await import("@clack/prompts");
  const { answerTo } = await import("./answer.ts");
  return await answerTo((signal) =>
    password({
      message: `${isAgain ? "That is not it. " : ""}The secret of ${printable(hub)}`,
      validate: (text) => text?.trim() ? undefined : "whoever runs the hub knows it",
      output: stderr, // Nothing but results goes to stdout.
      signal,
    })
  );
}
