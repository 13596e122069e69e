import { intro, outro, S_BAR, select } from "@clack/prompts";
import { P2pError } from "../errors.ts";
import { loadIdentity } from "../secure/identity.ts";
import { DEFAULT_PORT } from "../transport/address.ts";
import { printable } from "../ui/printable.ts";
import { createStyle, terminalSize, useColor } from "../ui/terminal.ts";
import { wrapWords } from "../ui/wrap_words.ts";
import { answered } from "./answered.ts";
import { askSettings } from "./ask_settings.ts";
import { secretSource } from "./given_secret.ts";
import { hostName } from "./host_name.ts";
import { withInterrupt } from "./interrupt.ts";
import { GO_ON, type Menu, MENU_ENTRIES, type MenuEntry } from "./menu_entries.ts";
import { Output } from "./output.ts";
import { loadSettings, saveSettings, type Settings } from "./settings.ts";

/** How the menu is opened. */
export interface OpenMenuOptions {
  home: string;
  /** The hub that is named on the command line, `host:port`. */
  given: string | undefined;
  color: boolean;
  /** Ends it. */
  signal: AbortSignal;
}

/** Shows the menu until somebody leaves it; asks for name and hub before, at the first time. */
export async function openMenu({ home, given, color, signal }: OpenMenuOptions): Promise<void> {
  const identity = await loadIdentity(home);
  const known = await loadSettings(home);
  intro("p2p");
  const settings = known === undefined
    ? await firstSettings(home, { given, name: identity.name ?? hostName() })
    : { ...known, hub: given ?? known.hub };
  if (settings !== undefined) {
    const output = new Output({ color, layout: guided(color) });
    const secret = await secretSource({});
    await runMenu({ home, identity, settings, secret, folder: "", color, output }, signal);
  }
  outro("Goodbye.");
  if (signal.aborted) throw new P2pError("interrupted", "");
}

/** Lines beside the guide that the questions draw, broken between words. */
function guided(color: boolean): (line: string) => string {
  const mark = `${createStyle(useColor({ noColor: !color })).dim(S_BAR)}  `;
  return (line) =>
    wrapWords(line, terminalSize().columns - 4).map((part) => mark + part).join("\n");
}

/** Asked for, and remembered from then on. */
async function firstSettings(
  home: string,
  { given, name }: { given: string | undefined; name: string },
): Promise<Settings | undefined> {
  const hub = Deno.env.get("P2P_TO") || `127.0.0.1:${DEFAULT_PORT}`;
  const settings = await askSettings({ name, hub }, { given });
  if (settings !== undefined) await saveSettings(home, settings);
  return settings;
}

/** Until somebody leaves it. */
async function runMenu(menu: Menu, signal: AbortSignal) {
  let last: MenuEntry | undefined;
  while (!signal.aborted) {
    const entry = await chooseEntry(menu, last);
    if (entry === undefined || await run(entry, menu) === "exit") return;
    last = entry;
  }
}

function chooseEntry(menu: Menu, last: MenuEntry | undefined): Promise<MenuEntry | undefined> {
  const entries = MENU_ENTRIES.filter(({ available }) => available?.(menu) ?? true);
  const { name, hub } = menu.settings;
  return answered((signal) =>
    select<MenuEntry>({
      message: printable(`${name} → ${hub}`),
      options: entries.map((entry) => ({
        value: entry,
        label: entry.label,
        ...entry.hint === undefined ? {} : { hint: entry.hint },
      })),
      ...last === undefined ? {} : { initialValue: last },
      signal,
    })
  );
}

/** What goes wrong is told, and the menu comes back. */
async function run(entry: MenuEntry, menu: Menu): Promise<"exit" | void> {
  try {
    return await withInterrupt((signal) => entry.run(menu, signal), { goOn: GO_ON });
  } catch (error) {
    menu.output.failure(error);
  }
}
