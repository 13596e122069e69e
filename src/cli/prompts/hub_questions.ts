import { stderr } from "node:process";
import type { Questions } from "../../client/hub_client.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { printable, printableName } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";
import { endedByUser } from "../interrupt.ts";

/** The answers that are known without asking, and the signal that takes a question back. */
export interface HubQuestionsOptions {
  /** A new hub is the right one. */
  trustNew?: boolean;
  signal: AbortSignal;
}

/**
 * Asks on the terminal; without one nothing is trusted, and no secret known. A question that is
 * taken back by Esc or Ctrl-C ends what has asked.
 */
export function hubQuestions({ trustNew = false, signal }: HubQuestionsOptions): Questions {
  return {
    trustKey: async (hub, fingerprint) =>
      trustNew || isInteractive() && await askToTrust(hub, { fingerprint, signal }),
    keepName: async (hub, name) => isInteractive() && await askToKeep(hub, { name, signal }),
    secret: async (hub, isAgain) => isInteractive() ? await askForSecret(hub, isAgain) : undefined,
    personName: async (claimed) => isInteractive() ? await askForName(claimed) : claimed,
  };
}

async function askToTrust(
  hub: string,
  { fingerprint, signal }: { fingerprint: string; signal: AbortSignal },
): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({
    message: `${
      printableName(hub)
    } is new. Its fingerprint is ${fingerprint}: is that what \`p2p serve\` shows there?`,
    initialValue: false,
    output: stderr, // Nothing but results goes to stdout.
    signal,
  });
  if (isCancel(answer)) throw endedByUser();
  return answer;
}

async function askForName(claimed: string): Promise<string> {
  const { text } = await import("@clack/prompts");
  const { answerTo } = await import("./answer.ts");
  const answer = await answerTo((signal) =>
    text({
      message: `Remember ${printableName(claimed)} as`,
      initialValue: printable(claimed),
      validate: (name) => problemOf(name ?? ""),
      output: stderr, // Nothing but results goes to stdout.
      signal,
    })
  );
  if (answer === undefined) throw endedByUser();
  return checkedPeerName(answer);
}

function problemOf(name: string): string | undefined {
  try {
    checkedPeerName(name);
  } catch (error) {
    return printable((error as Error).message);
  }
}

async function askToKeep(
  hub: string,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<boolean> {
  const { confirm } = await import("@clack/prompts");
  const { answerTo } = await import("./answer.ts");
  const message = `Be "${printable(name)}" at ${
    printableName(hub)
  } from now on? Others send to that name`;
  const answer = await answerTo(() => confirm({ message, output: stderr, signal }));
  if (answer === undefined) throw endedByUser();
  return answer;
}

async function askForSecret(hub: string, isAgain: boolean): Promise<string> {
  const { askSecret } = await import("./ask_secret.ts");
  const answer = await askSecret(hub, isAgain);
  if (answer === undefined) throw endedByUser();
  return answer;
}
