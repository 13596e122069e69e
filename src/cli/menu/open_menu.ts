import { intro, outro, S_BAR, select } from "@clack/prompts";
import { asP2pError } from "../../errors.ts";
import { loadIdentity, ownName } from "../../home/identity.ts";
import { printable } from "../../ui/printable.ts";
import { createStyle, terminalSize, useColor } from "../../ui/terminal.ts";
import { wrapWords } from "../../ui/wrap_words.ts";
import { answerTo } from "../prompts/answer.ts";
import { askWhoAndWhere } from "./ask_settings.ts";
import { chosenHub } from "../options/chosen_hub.ts";
import { givenSecret } from "../options/secret.ts";
import { formatAddress } from "../../transport/address.ts";
import { endedByUser, withInterrupt } from "../interrupt.ts";
import { MENU_ENTRIES } from "./entries.ts";
import type { Menu, MenuEntry } from "./menu.ts";
import { RESUME_HINT } from "./hub.ts";
import { News } from "./news.ts";
import { Output } from "../display/output.ts";
import { BackgroundJoin } from "./background_join.ts";
import { DEFAULT_DIR, loadSettings, saveSettings, type Settings } from "../../home/settings.ts";

/** Columns beside a text: the guide in front of it, and one that stays free. */
const BESIDE = 4;

/** The installation that the menu is for, and how it looks. */
export interface OpenMenuOptions {
  home: string;
  /** The hub that is named on the command line, `host:port`. */
  hubArgument: string | undefined;
  color: boolean;
  /** Ends it. */
  signal: AbortSignal;
}

/** Shows the menu until it is left; the first time it asks for name and hub before. */
export async function openMenu(
  { home, hubArgument, color, signal }: OpenMenuOptions,
): Promise<void> {
  const identity = await loadIdentity(home);
  const known = await loadSettings(home);
  intro("p2p");
  const settings = known === undefined
    ? await firstSettings(home, { hubArgument, name: ownName(identity) })
    : { ...known, hub: hubArgument ?? known.hub };
  if (settings !== undefined) {
    const output = new Output({ color, layout: guided(color) });
    const base = {
      home,
      identity,
      settings,
      secret: { known: await givenSecret({}) },
      news: new News(),
    };
    const menu = { ...base, join: new BackgroundJoin(base), folder: "", color, output };
    try {
      await runMenu(menu, signal);
    } finally {
      await menu.join.leave();
    }
  }
  outro("Goodbye.");
  if (signal.aborted) throw endedByUser();
}

/** Lines beside the guide that the questions draw, broken between words. */
function guided(color: boolean): (line: string) => string {
  const mark = `${createStyle(useColor({ noColor: !color })).dim(S_BAR)}  `;
  return (line) =>
    wrapWords(line, terminalSize().columns - BESIDE).map((part) => mark + part).join("\n");
}

/** Asked for, and remembered from then on. */
async function firstSettings(
  home: string,
  { hubArgument, name }: { hubArgument: string | undefined; name: string },
): Promise<Settings | undefined> {
  const hub = formatAddress((await chosenHub(home, undefined)).address);
  const settings = await askWhoAndWhere({ name, hub, dir: DEFAULT_DIR }, { hubArgument });
  if (settings !== undefined) await saveSettings(home, settings);
  return settings;
}

/** Shows the menu again and again, until it is left. */
async function runMenu(menu: Menu, signal: AbortSignal) {
  let last: MenuEntry | undefined;
  while (!signal.aborted) {
    const entry = await chooseEntry(menu, last);
    if (entry === undefined || await run(entry, menu) === "exit") return;
    menu.join.wake();
    last = entry;
  }
}

/** News lines appear above the entries, also while the menu is open. */
async function chooseEntry(menu: Menu, last: MenuEntry | undefined) {
  const entries = MENU_ENTRIES.filter(({ available }) => available?.(menu) ?? true);
  const { news, settings: { name, hub } } = menu;
  const chosen = await answerTo((signal) =>
    select<MenuEntry>({
      get message() {
        const lines = [printable(`${name} → ${hub}`), ...news.lines];
        return lines.flatMap((line) => wrapWords(line, terminalSize().columns - BESIDE)).join("\n");
      },
      options: entries.map((entry) => ({
        value: entry,
        get label() {
          return typeof entry.label === "string" ? entry.label : entry.label(menu);
        },
        ...entry.hint === undefined ? {} : { hint: entry.hint },
      })),
      ...last === undefined ? {} : { initialValue: last },
      signal,
    })
  );
  news.shown();
  return chosen;
}

/** Runs an entry; after an error, which is printed, the menu comes back. */
async function run(entry: MenuEntry, menu: Menu): Promise<"exit" | void> {
  try {
    return await withInterrupt((signal) => entry.run(menu, signal), { hint: RESUME_HINT });
  } catch (error) {
    if (!asP2pError(error).silent) menu.output.failure(error);
  }
}
