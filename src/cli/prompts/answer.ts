import { type CANCEL_SYMBOL, isCancel, updateSettings } from "@clack/prompts";
import { withInterrupt } from "../interrupt.ts";

// Ctrl-D would only close the input, and leave the question waiting for ever.
updateSettings({ aliases: { "\x04": "cancel" }, withGuide: true });

/**
 * The answer to a question of `@clack/prompts`; undefined where the person goes back, by Esc,
 * Ctrl-C or Ctrl-D.
 */
export async function answerTo<T>(
  ask: (signal: AbortSignal) => Promise<T | typeof CANCEL_SYMBOL>,
): Promise<T | undefined> {
  const answer = await withInterrupt(ask);
  return isCancel(answer) ? undefined : answer;
}
