import { join } from "node:path";
import { P2pError } from "../errors.ts";

/**
 * The folder for keys and state without `--home`: P2P_HOME, else the system's folder for settings.
 */
export function defaultHome(): string {
  const chosen = Deno.env.get("P2P_HOME");
  if (chosen) return chosen;
  const [settings, sub] = Deno.build.os === "windows" ? [Deno.env.get("APPDATA"), ""] : [
    Deno.env.get("XDG_CONFIG_HOME") || Deno.env.get("HOME"),
    Deno.env.get("XDG_CONFIG_HOME") ? "" : ".config",
  ];
  if (!settings) {
    throw new P2pError(
      "usage",
      "cannot tell where to keep the keys of this machine: no home folder is set",
      {
        hint: "name one with --home DIR or P2P_HOME",
      },
    );
  }
  return join(settings, sub, "p2p");
}
