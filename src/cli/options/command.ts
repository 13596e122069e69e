import { Command, Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { checkedPeerName } from "../../names/peer_name.ts";

/**
 * A subcommand with the options that every command has; what it is for says the table of `main.ts`.
 */
export function command(name: string) {
  return new Command(name)
    .addOption(new Option("--json", "one JSON object a line on stdout, and nothing else"))
    .addOption(new Option("-q, --quiet", "no progress, no notes: results and errors only"))
    .addOption(new Option("--verbose", "each change of state, with its time, on stderr"))
    .addOption(new Option("--no-color", "no colours (also by NO_COLOR)"))
    .addOption(new Option("--home <dir>", "keys, known peers, hub state (env P2P_HOME)"))
    .allowExcessArguments(false)
    .hook("preAction", startTrace);
}

/** Loads and starts tracing where it is asked for, by `--verbose` or in P2P_TRACE. */
async function startTrace(command: { opts(): { verbose?: true } }): Promise<void> {
  const { verbose = false } = command.opts();
  const topics = Deno.env.get("P2P_TRACE") ?? "";
  if (!verbose && topics === "") return;
  const { showTrace } = await import("../display/trace.ts");
  showTrace({ verbose, topics });
}

/** `--name`: the name that this side goes by; one that no peer would take is "usage". */
export function nameOption(flags: "-n, --name <name>" | "-n, --name <me>", description: string) {
  return new Option(flags, description).argParser(parseName);
}

/** A peer name of the command line, or "usage" with the rule that it breaks. */
export function parseName(text: string): string {
  try {
    return checkedPeerName(text);
  } catch (error) {
    throw new P2pError("usage", (error as Error).message);
  }
}
