import { text } from "@clack/prompts";
import { checkedPeerName } from "../protocol/peer_name.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";
import { printable } from "../ui/printable.ts";
import { answered } from "./answered.ts";
import type { Settings } from "./settings.ts";

/** Asks for all settings, except the hub where it is `given`; Enter alone takes what is in `current`. */
export async function askSettings(
  current: Settings,
  { given }: { given?: string | undefined } = {},
): Promise<Settings | undefined> {
  const name = await askFor("Your name", { current: current.name, parse: checkedPeerName });
  if (name === undefined) return undefined;
  const hub = given ?? await askFor("The hub, HOST or HOST:PORT", {
    current: current.hub,
    parse: (typed) => formatAddress(parseAddress(typed)),
  });
  return hub === undefined ? undefined : { name, hub };
}

/** A line of text that `parse` takes; what it throws is said under the line. */
async function askFor(
  message: string,
  { current, parse }: { current: string; parse: (typed: string) => string },
): Promise<string | undefined> {
  const typed = await answered((signal) =>
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
