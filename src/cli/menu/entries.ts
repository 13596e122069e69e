import { confirm, text } from "@clack/prompts";
import { answerTo } from "../prompts/answer.ts";
import { askSettings } from "./ask_settings.ts";
import { choosePath, type PathQuestion } from "./choose_path.ts";
import { fileItem, textItem } from "../../client/items.ts";
import { lookAt } from "./look_at.ts";
import { sendFromMenu } from "./hub.ts";
import type { Menu, MenuEntry } from "./menu.ts";
import { sendToEverybody, sendToPerson, whoIsHere } from "./people.ts";
import { BackgroundJoin } from "./background_join.ts";
import { saveSettings } from "../../home/settings.ts";
import { whatCameIn } from "./what_came_in.ts";

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

function sendPath(what: PathQuestion): MenuEntry["run"] {
  return async (menu, signal) => {
    const path = await choosePath(menu, what);
    if (path !== undefined) await sendFromMenu(fileItem(path), { menu, signal });
  };
}

async function sendText(menu: Menu, signal: AbortSignal) {
  const typed = await answerTo((signal) =>
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
  const path = await choosePath(menu, { message: "Which file?", folders: false });
  if (path === undefined) return;
  await lookAt(path, menu);
  if (signal.aborted) return;
  const message = `Send it to ${menu.settings.hub}?`;
  const wanted = await answerTo((signal) => confirm({ message, initialValue: false, signal }));
  if (wanted) await sendFromMenu(fileItem(path), { menu, signal });
}

async function changeSettings(menu: Menu) {
  const settings = await askSettings(menu.settings);
  if (settings === undefined) return;
  if (settings.hub !== menu.settings.hub) menu.secret.known = undefined;
  await saveSettings(menu.home, settings);
  await menu.join.leave();
  menu.settings = settings;
  menu.join = new BackgroundJoin({ ...menu });
}
