import { Command, CommanderError } from "@commander-js/extra-typings";
import project from "../../deno.json" with { type: "json" };
import { P2pError } from "../errors.ts";
import { isInteractive } from "../ui/terminal.ts";
import { exitCodeOf } from "./exit_code.ts";
import { Output } from "./display/output.ts";

/** A subcommand: its line in the list of all, and how to load it. */
export interface CommandEntry {
  summary: string;
  /** Not for people: started by the program itself. */
  hidden?: true;
  load: () => Promise<AnyCommand>;
}

/** The subcommands by name. */
export type CommandTable = Record<string, CommandEntry>;

// deno-lint-ignore no-explicit-any -- whatever its arguments and options are: only its action knows them
type AnyCommand = Command<any, any, any>;

/** The arguments of a bare `p2p` on a terminal. */
const WITHOUT_WORDS = ["menu"];

/**
 * Runs the program with the arguments `words`, and returns its exit code. An error becomes one line
 * on stderr, and where there is one a hint; with `--json` also an event.
 */
export async function runCommand(table: CommandTable, words: string[]): Promise<number> {
  const args = words.length === 0 && isInteractive() ? WITHOUT_WORDS : arranged(words, table);
  try {
    const program = await programOf(table, args);
    await program.parseAsync(args, { from: "user" });
    return Deno.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageError(error) : error;
    const isSilent = failure instanceof P2pError && failure.silent;
    if (!isSilent) new Output({ json: args.includes("--json") }).failure(failure);
    return exitCodeOf(failure);
  }
}

async function programOf(table: CommandTable, args: string[]) {
  const program = new Command("p2p")
    .description("Send files to people: sealed, checked, and never half of one.")
    .version(project.version, "-v, --version")
    .helpCommand(false);
  const chosen = args.find((arg) => !arg.startsWith("-"));
  for (const [name, { summary, load, hidden = false }] of Object.entries(table)) {
    const command = name === chosen ? await load() : new Command(name);
    program.addCommand(command.description(summary), { hidden });
  }
  beSilent(program);
  return program;
}

/**
 * The arguments as the commands take them: common options come behind the command, and `help` and
 * `version` are options.
 */
function arranged(words: string[], table: CommandTable): string[] {
  const at = words.findIndex((word, i) => !word.startsWith("-") && words[i - 1] !== "--home");
  if (at === -1) return words;
  const [before, command, behind] = [words.slice(0, at), words[at]!, words.slice(at + 1)];
  if (command === "version" || before.some((word) => /^(-v|--version)$/.test(word))) {
    return ["--version"];
  }
  if (command !== "help") return [command, ...before, ...behind];
  const topic = behind.filter((word) => !word.startsWith("-"));
  return topic[0] === undefined || topic[0] in table ? [...topic, "--help"] : topic;
}

/** Leaves errors to {@link runCommand}, which prints them. */
function beSilent(command: AnyCommand) {
  command.exitOverride().configureOutput({ outputError: () => {}, writeErr: () => {} });
  for (const sub of command.commands) beSilent(sub);
}

/**
 * Commander's message is `error: …`, then perhaps `(Did you mean …?)`. Without a command it would
 * show its help.
 */
function usageError({ code, message }: CommanderError): P2pError {
  const said = code === "commander.help" ? "no command is given" : message;
  const [first = "", second] = inWords(said.replace(/^error: /, "")).split("\n");
  const hint = second?.replace(/^\(|\)$/g, "") ?? "see `p2p --help`, or `p2p COMMAND --help`";
  return new P2pError("usage", first, { hint });
}

/** Commander's messages about the value of an option, as ours are. */
function inWords(message: string): string {
  return message
    .replace(/^option '(?:-\w, )?(--[\w-]+) (<.*>)' argument missing/, "$1 needs a value: $1 $2")
    .replace(
      /^option '(?:-\w, )?(--[\w-]+) .*' argument '(.*)' is invalid\. Allowed choices are (.*)\./,
      'cannot read $1 "$2": it is one of $3',
    );
}
