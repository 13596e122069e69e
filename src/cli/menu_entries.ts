import { confirm, text } from "@clack/prompts";
import { resolve } from "node:path";
import { P2pError } from "../errors.ts";
import type { SecretSource } from "../protocol/connect.ts";
import type { Identity } from "../secure/identity.ts";
import type { Item } from "../transfer/deliver.ts";
import { parseAddress } from "../transport/address.ts";
import { answered } from "./answered.ts";
import { askSettings } from "./ask_settings.ts";
import { choosePath, type ChoosePathOptions } from "./choose_path.ts";
import { fileItem, textItem } from "./items.ts";
import { lookAt } from "./look_at.ts";
import type { Output } from "./output.ts";
import { pathOf } from "./path_choices.ts";
import { sendItems } from "./send_items.ts";
import { saveSettings, type Settings } from "./settings.ts";
import { trustNewHub } from "./trust_new_hub.ts";

/** The hint after a transfer that was stopped or cut off. */
export const GO_ON = "send it again: it goes on where it stopped";

/** The exit code of what was refused (cli.md). */
const REFUSED = 4;

/** How long the menu tries to reconnect after a cut. */
const GIVE_UP_MS = 60_000;

/** What the menu knows while it is open. */
export interface Menu {
  home: string;
  identity: Identity;
  settings: Settings;
  /** The secret of the hub, as soon as it was asked for. */
  secret: SecretSource;
  /** Where the last file was chosen: "" or a path with its separator. */
  folder: string;
  color: boolean;
  output: Output;
}

/** One line of the menu. `run` returns "exit" to leave; after all else the menu comes back. */
export interface MenuEntry {
  label: string;
  /** A few words behind the label, while the cursor is on it. */
  hint?: string;
  /** False where it is not shown now. */
  available?: (menu: Menu) => boolean;
  run: (menu: Menu, signal: AbortSignal) => Promise<"exit" | void>;
}

/** The menu, from top to bottom. */
export const MENU_ENTRIES: MenuEntry[] = [
  {
    label: "Send an image",
    run: sendPath({ message: "Which image?", kind: "image", folders: false }),
  },
  {
    label: "Send a CSV",
    run: sendPath({ message: "Which CSV?", kind: "csv", folders: false }),
  },
  {
    label: "Send a JSON file",
    run: sendPath({ message: "Which JSON file?", kind: "json", folders: false }),
  },
  {
    label: "Send any file or folder",
    run: sendPath({ message: "Which file or folder?", folders: true }),
  },
  { label: "Send a text", run: sendText },
  { label: "Look at a file", hint: "picture, table, JSON", run: look },
  { label: "Settings", hint: "your name, the hub", run: changeSettings },
  { label: "Exit", run: () => Promise.resolve("exit") },
];

function sendPath(what: Omit<ChoosePathOptions, "start">): MenuEntry["run"] {
  return async (menu, signal) => {
    const path = await choose(menu, what);
    if (path !== undefined) await send(fileItem(path), menu, signal);
  };
}

/** A path that exists, absolute; the next choice starts in its folder. */
async function choose(
  menu: Menu,
  what: Omit<ChoosePathOptions, "start">,
): Promise<string | undefined> {
  const chosen = await choosePath({ ...what, start: menu.folder });
  if (chosen === undefined) return undefined;
  menu.folder = chosen.replace(/[^\\/]*[\\/]?$/, "");
  return resolve(pathOf(chosen));
}

async function sendText(menu: Menu, signal: AbortSignal) {
  const typed = await answered((signal) =>
    text({
      message: "Your text",
      validate: (line) => line?.trim() ? undefined : "there is nothing to send yet",
      signal,
    })
  );
  if (typed !== undefined) await send(textItem(typed), menu, signal);
}

async function send(item: Item, menu: Menu, signal: AbortSignal) {
  const { home, identity, output, secret, settings: { name, hub } } = menu;
  const exitCode = await sendItems([item], {
    to: parseAddress(hub),
    ...{ identity, name, home, output, secret, signal },
    trustNew: trusted(hub, signal),
    giveUpMs: GIVE_UP_MS,
    goOn: GO_ON,
  });
  if (exitCode === REFUSED) secret.known = undefined; // Perhaps it is the secret: it is asked for again.
}

/** Asks about a hub that is met for the first time; a no is told in words that fit here. */
function trusted(hub: string, signal: AbortSignal): (fingerprint: string) => Promise<boolean> {
  const ask = trustNewHub(hub, { trustNew: false, signal });
  return async (fingerprint) => {
    if (await ask(fingerprint)) return true;
    throw new P2pError("refused", `nothing was sent: ${hub} is not known yet`, {
      hint: "ask whoever runs the hub for the fingerprint that it shows, and compare",
    });
  };
}

/** Shows a file, and offers to send it. */
async function look(menu: Menu, signal: AbortSignal) {
  const path = await choose(menu, { message: "Which file?", folders: false });
  if (path === undefined) return;
  await lookAt(path, menu);
  if (signal.aborted) return;
  const message = `Send it to ${menu.settings.hub}?`;
  const wanted = await answered((signal) => confirm({ message, initialValue: false, signal }));
  if (wanted) await send(fileItem(path), menu, signal);
}

async function changeSettings(menu: Menu) {
  const settings = await askSettings(menu.settings);
  if (settings === undefined) return;
  if (settings.hub !== menu.settings.hub) menu.secret.known = undefined;
  await saveSettings(menu.home, settings);
  menu.settings = settings;
}
