import { password } from "@clack/prompts";
import { stderr } from "node:process";
import { wordsFrom } from "../../secure/code_words.ts";
import { wordsOfSecret } from "../../secure/secret.ts";
import { WORDS } from "../../secure/words.ts";
import { printableName } from "../../ui/printable.ts";
import { answerTo } from "./answer.ts";

/** Words of the list that make six words a secret that a hub has made up, a slip in the others. */
const ENOUGH_WORDS = 4;

/** Asks for the secret of `hub` on the terminal; undefined where it is taken back. */
export async function askSecret(hub: string, isAgain: boolean): Promise<string | undefined> {
  let doubted: string | undefined;
  const typed = await answerTo((signal) =>
    password({
      message: `${isAgain ? "That is not it. " : ""}The secret of ${printableName(hub)}`,
      validate: (text = "") => {
        if (text.trim() === "") return "type the secret; whoever runs the hub has it";
        const doubt = text === doubted ? undefined : slipIn(text);
        doubted = text;
        return doubt;
      },
      output: stderr, // Nothing but results goes to stdout.
      signal,
    })
  );
  return typed && completedSecret(typed);
}

/** The words that were cut off behind their fourth letter whole; any other text as it is. */
export function completedSecret(typed: string): string {
  const words = wordsOfSecret(typed)?.map(wordOf);
  return words === undefined || words.includes(undefined) ? typed : words.join("-");
}

/** What may be wrong with a secret of six words, so that no guess is spent on a slip. */
export function slipIn(typed: string): string | undefined {
  const words = wordsOfSecret(typed) ?? [];
  const strange = words.find((word) => wordOf(word) === undefined);
  const known = words.filter((word) => wordOf(word) !== undefined);
  if (strange === undefined || known.length < ENOUGH_WORDS) return undefined;
  return `"${strange}" is no word of a made-up secret; Enter tries it all the same`;
}

function wordOf(typed: string): string | undefined {
  if (WORDS.includes(typed)) return typed;
  const [word, ...others] = typed.length < 4 ? [] : wordsFrom(typed);
  return others.length === 0 ? word : undefined;
}
