import { P2pError } from "../../errors.ts";
import type { Offer } from "../../protocol/messages.ts";
import type { Acceptance, Sender } from "../../transfer/receive/acceptance.ts";
import { formatBytes, formatCount } from "../../units.ts";
import { printableName } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";
import type { Output } from "../display/output.ts";

/** The most that a sender waits for an answer. */
const ANSWER_WITHIN_MS = 60_000;

/** Most answers that are kept for the rest of their batches. */
const MAX_ANSWERS = 100;

/** An answer that holds for so many more offers of its batch. */
interface Answer {
  isYes: Promise<boolean>;
  left: number;
}

/**
 * The question of `--accept ask`: asks on the terminal whether an offer is taken, one question at a
 * time, and one for all that a sender sends with one line. Undefined for any other `--accept`;
 * "usage" where there is no terminal.
 */
export function askOffer(
  { accept, signal }: { accept: "all" | "known" | "ask"; signal: AbortSignal },
  output: Output,
): Acceptance["ask"] {
  if (accept !== "ask") return undefined;
  if (!isInteractive()) {
    throw new P2pError("usage", "cannot ask for every offer: there is no terminal", {
      hint: "use --accept all or --accept known",
    });
  }
  let last: Promise<unknown> = Promise.resolve();
  return onceABatch((offer, from) => {
    // From the offer on, not from when its turn has come.
    const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const answer = last.then(() => ask(questionFor(offer, from), { signal: late, output }));
    last = answer.catch(() => {});
    return answer;
  });
}

/** Asks for the first offer of a batch; its answer holds for as many as the sender said there are. */
export function onceABatch(
  ask: (offer: Offer, from: Sender) => Promise<boolean>,
): (offer: Offer, from: Sender) => Promise<boolean> {
  const answers = new Map<string, Answer>();
  return (offer, from) => {
    const { batch } = offer;
    if (batch === null) return ask(offer, from);
    const id = `${from.key}/${batch.id}`;
    const known = answers.get(id);
    if (known !== undefined && known.left > 0) {
      known.left--;
      return known.isYes;
    }
    const isYes = ask(offer, from);
    answers.set(id, { isYes, left: batch.items - 1 });
    const [oldest] = answers.keys();
    if (answers.size > MAX_ANSWERS) answers.delete(oldest!);
    return isYes;
  };
}

/** The words of the question: what, how much, from whom. */
export function questionFor(offer: Offer, { name: from }: Sender): string {
  const { name, size, folder, files, batch } = offer;
  const bytes = size === null ? "unknown size" : formatBytes(size);
  const what = folder ? `${formatCount(files, "file")}, ${bytes}` : bytes;
  const one = `${printableName(name)} (${what})`;
  const all = batch === null ? one : `${one} and ${batch.items - 1} more`;
  return `Accept ${all} from ${printableName(from)}?`;
}

async function ask(
  message: string,
  { signal, output }: { signal: AbortSignal; output: Output },
): Promise<boolean> {
  const { YesNo } = await import("./yes_no.ts");
  const question = new YesNo(message);
  using _ = output.showQuestion(question);
  return await question.ask(signal);
}
