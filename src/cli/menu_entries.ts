import { confirm, text } from "@clack/prompts";
import type { SecretSource } from "../protocol/connect.ts";
import type { Identity } from "../secure/identity.ts";
import { answered } from "./answered.ts";
import { askSettings } from "./ask_settings.ts";
import type { ChoosePathOptions } from "./choose_path.ts";
import { fileItem, textItem } from "./items.ts";
import { lookAt } from "./look_at.ts";
import { sendFromMenu } from "./menu_hub.ts";
import { choosePathFrom } from "./menu_path.ts";
import { sendToEverybody, sendToPerson, whoIsHere } from "./menu_people.ts";
import type { News } from "./news.ts";
import type { Output } from "./output.ts";
import { Presence } from "./presence.ts";
import { saveSettings, type Settings } from "./settings.ts";
import { whatCameIn } from "./what_came_in.ts";

/** What the menu knows while it is open. */
export interface Menu {
  home: string;
  identity: Identity;
  settings: Settings;
  /** The secret of the hub, as soon as it was asked for. */
  secret: SecretSource;
  /** Being joined at the hub, by these settings. */
  presence: Presence;
  news: News;
  /** Where the last file was chosen: "" or a path with its separator. */
  folder: string;
  color: boolean;
  output: Output;
}

/** One line of the menu. `run` returns "exit" to leave; after all else the menu comes back. */
export interface MenuEntry {
  label: string | ((menu: Menu) => string);
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
  { label: "Send to a person", run: sendToPerson },
  { label: "Send to everybody", run: sendToEverybody },
  { label: "Who is here", run: whoIsHere },
  {
    label: ({ news: { unseen } }) => `What came in${unseen === 0 ? "" : ` (${unseen} new)`}`,
    run: whatCameIn,
  },
  { label: "Look at a file", hint: "picture, table, JSON", run: look },
  { label: "Settings", hint: "name, hub, folder", run: changeSettings },
  { label: "Exit", run: () => Promise.resolve("exit") },
];

function sendPath(what: Omit<ChoosePathOptions, "start">): MenuEntry["run"] {
  return async (menu, signal) => {
    const path = await choosePathFrom(menu, what);
    if (path !== undefined) await sendFromMenu(fileItem(path), { menu, signal });
  };
}

async function sendText(menu: Menu, signal: AbortSignal) {
  const typed = await answered((signal) =>
    text({
      message: "Your text",
      validate: (line) => line?.trim() ? undefined : "there is nothing to send yet",
      signal,
    })
  );
  if (typed !== undefined) await sendFromMenu(textItem(typed), { menu, signal });
}

/** Shows a file, and offers to send it. */
async function look(menu: Menu, signal: AbortSignal) {
  const path = await choosePathFrom(menu, { message: "Which file?", folders: false });
  if (path === undefined) return;
  await lookAt(path, menu);
  if (signal.aborted) return;
  const message = `Send it to ${menu.settings.hub}?`;
  const wanted = await answered((signal) => confirm({ message, initialValue: false, signal }));
  if (wanted) await sendFromMenu(fileItem(path), { menu, signal });
}

async function changeSettings(menu: Menu) {
  const settings = await askSettings(menu.settings);
  if (settings === undefined) return;
  if (settings.hub !== menu.settings.hub) menu.secret.known = undefined;
  await saveSettings(menu.home, settings);
  await menu.presence.leave();
  menu.settings = settings;
  menu.presence = new Presence({ ...menu });
}
