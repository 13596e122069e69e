import type { SharedSecret } from "../../client/hub_client.ts";
import type { Identity } from "../../home/identity.ts";
import type { Settings } from "../../home/settings.ts";
import type { Output } from "../display/output.ts";
import type { BackgroundJoin } from "./background_join.ts";
import type { News } from "./news.ts";

/** The state of the menu while it is open. */
export interface Menu {
  home: string;
  identity: Identity;
  settings: Settings;
  /** The secret of the hub, as soon as it was asked for. */
  secret: SharedSecret;
  /** Being joined at the hub, by these settings. */
  join: BackgroundJoin;
  news: News;
  /** The folder of the file that was chosen last: "" or a path with its separator. */
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
