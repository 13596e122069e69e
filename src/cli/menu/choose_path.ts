import { autocomplete } from "@clack/prompts";
import { resolve } from "node:path";
import { answerTo } from "../prompts/answer.ts";
import type { Menu } from "./menu.ts";
import { type PathChoice, pathChoices, pathOf, type Wanted } from "./path_choices.ts";
import { pathError } from "./path_error.ts";

/** More are scrolled. */
const SHOWN_AT_ONCE = 7;

/** The question for a path, and what it may lead to. */
export interface PathQuestion extends Wanted {
  message: string;
}

/**
 * Asks for a file or folder, with Tab completion, and says at once where it is not what is wanted.
 * Gives an absolute path; the next time the question starts in that folder.
 */
export async function choosePath(menu: Menu, question: PathQuestion): Promise<string | undefined> {
  const chosen = await askForPath({ ...question, start: menu.folder });
  if (chosen === undefined) return undefined;
  menu.folder = chosen.replace(/[^\\/]*[\\/]?$/, "");
  return resolve(pathOf(chosen));
}

/** The path as it was typed, from `start` on: "" or a folder with its separator. */
function askForPath(
  { message, ...options }: PathQuestion & { start: string },
): Promise<string | undefined> {
  let last = { typed: "", choices: [] as PathChoice[] };
  /** Asked several times for each key. */
  const choicesOf = (typed: string) => {
    if (last.typed !== typed || last.choices.length === 0) {
      last = { typed, choices: pathChoices(typed, options) };
    }
    return last.choices;
  };
  return answerTo((signal) =>
    autocomplete<string>({
      message,
      initialUserInput: options.start,
      options() {
        return choicesOf(this.userInput);
      },
      filter: () => true,
      validate: (chosen) => {
        if (typeof chosen !== "string") return "no such file";
        return pathError(resolve(pathOf(chosen)), options);
      },
      completeOnTab: true,
      maxItems: SHOWN_AT_ONCE,
      signal,
    })
  );
}
