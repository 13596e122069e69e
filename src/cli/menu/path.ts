import { resolve } from "node:path";
import { choosePath, type ChoosePathOptions } from "./choose_path.ts";
import type { Menu } from "./menu.ts";
import { pathOf } from "./path_choices.ts";

/** Asks for a path that exists, absolute; the next time it starts in that folder. */
export async function choosePathFrom(
  menu: Menu,
  what: Omit<ChoosePathOptions, "start">,
): Promise<string | undefined> {
  const chosen = await choosePath({ ...what, start: menu.folder });
  if (chosen === undefined) return undefined;
  menu.folder = chosen.replace(/[^\\/]*[\\/]?$/, "");
  return resolve(pathOf(chosen));
}
