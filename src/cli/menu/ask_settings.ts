import { text } from "@clack/prompts";
import { resolve } from "node:path";
import { checkedPeerName } from "../../names/peer_name.ts";
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { printable } from "../../ui/printable.ts";
import { answerTo } from "../prompts/answer.ts";
import { pathOf } from "./path_choices.ts";
import { DEFAULT_DIR, type Settings } from "../../home/settings.ts";

/** Asks for all settings; Enter alone takes what is in `current`. */
export async function askSettings(current: Settings): Promise<Settings | undefined> {
  const who = await askWhoAndWhere(current);
  if (who === undefined) return undefined;
  const dir = await askFor("The folder for what comes in", { current: current.dir, parse: folder });
  return dir === undefined ? undefined : { ...who, dir };
}

/** Asks for what cannot be guessed: the name, and the hub where no `hubArgument` names it. */
export async function askWhoAndWhere(
  current: Settings,
  { hubArgument }: { hubArgument?: string | undefined } = {},
): Promise<Settings | undefined> {
  const name = await askFor("Your name", { current: current.name, parse: checkedPeerName });
  if (name === undefined) return undefined;
  const hub = hubArgument ?? await askFor("The hub, HOST or HOST:PORT", {
    current: current.hub,
    parse: (typed) => formatAddress(parseAddress(typed)),
  });
  return hub === undefined ? undefined : { ...current, name, hub };
}

/** A line of text that `parse` takes; what it throws is said under the line. */
async function askFor(
  message: string,
  { current, parse }: { current: string; parse: (typed: string) => string },
): Promise<string | undefined> {
  const typed = await answerTo((signal) =>
    text({
      message,
      placeholder: current,
      defaultValue: current,
      validate: (line) => line ? problemOf(() => parse(line.trim())) : undefined,
      signal,
    })
  );
  return typed && parse(typed.trim());
}

function problemOf(parse: () => void): string | undefined {
  try {
    parse();
  } catch (error) {
    return printable((error as Error).message);
  }
}

/** A folder, there or not, as an absolute path: it stays the same wherever the menu is opened. */
function folder(typed: string): string {
  if (typed === DEFAULT_DIR) return typed;
  const path = resolve(pathOf(typed));
  if (isOther(path)) throw new Error(`"${typed}" is not a folder`);
  return path;
}

function isOther(path: string): boolean {
  try {
    return !Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
