import { autocomplete } from "@clack/prompts";
import { resolve } from "node:path";
import { answerTo } from "../prompts/answer.ts";
import { type PathChoice, pathChoices, pathOf, type Wanted } from "./path_choices.ts";
import { pathError } from "./path_error.ts";

/** More are scrolled. */
const SHOWN_AT_ONCE = 7;

/** How a path is asked for. */
export interface ChoosePathOptions extends Wanted {
  message: string;
  /** What is typed already: "" or a folder with its separator. */
  start: string;
}

/** Asks for a file or folder, with Tab completion, and says at once where it is not what is wanted; as it was typed. */
export function choosePath(
  { message, ...options }: ChoosePathOptions,
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
        if (typeof chosen !== "string") return "there is nothing of that name";
        return pathError(resolve(pathOf(chosen)), options);
      },
      completeOnTab: true,
      maxItems: SHOWN_AT_ONCE,
      signal,
    })
  );
}
