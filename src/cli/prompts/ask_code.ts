import { autocomplete } from "@clack/prompts";
import { CODE_WORDS, parseCode, wordsFrom } from "../../secure/code_words.ts";
import { printable } from "../../ui/printable.ts";
import { answerTo } from "./answer.ts";

/** More are scrolled. */
const SHOWN_AT_ONCE = 5;

/**
 * Asks for a code on the terminal, or for its words where its number is known, with Tab completion;
 * undefined where it is taken back.
 */
export function askCode(nameplate?: string): Promise<string | undefined> {
  return answerTo((signal) =>
    autocomplete<string>({
      message: nameplate === undefined ? "The code" : `The words of code ${nameplate}`,
      ...nameplate !== undefined && { initialUserInput: `${nameplate}-` },
      options() {
        return completions(this.userInput).map((value) => ({ value, label: value }));
      },
      filter: () => true,
      validate: (chosen) => problemOf(String(chosen ?? "")),
      completeOnTab: true,
      maxItems: SHOWN_AT_ONCE,
      signal,
    })
  );
}

/** The codes that `typed` may become: the last word whole, and a dash where another one follows. */
export function completions(typed: string): string[] {
  const parts = typed.toLowerCase().trimStart().split(/[-\s]+/);
  const start = parts.at(-1)!;
  if (parts.length === 1 || parts.length > CODE_WORDS + 1 || start === "") return [typed];
  const before = parts.slice(0, -1).join("-");
  const behind = parts.length <= CODE_WORDS ? "-" : "";
  return wordsFrom(start).slice(0, 50).map((word) => `${before}-${word}${behind}`);
}

function problemOf(typed: string): string | undefined {
  try {
    parseCode(typed);
  } catch (error) {
    return printable((error as Error).message);
  }
}
