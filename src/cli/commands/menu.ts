import { P2pError } from "../../errors.ts";
import { formatAddress } from "../../transport/address.ts";
import { isInteractive } from "../../ui/terminal.ts";
import { chosenHub, HUB_ARGUMENT } from "../options/chosen_hub.ts";
import { command } from "../options/command.ts";
import { defaultHome } from "../../home/default_home.ts";
import { withInterrupt } from "../interrupt.ts";

/** The signals that end the menu itself: Ctrl-C belongs to what runs in it. */
const ENDING: Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGTERM"];

/**
 * `p2p menu`: everything by menu. Esc and Ctrl-C go back from a question to the menu, and from the
 * menu out, with exit code 0; while something is sent Ctrl-C stops that.
 */
export function menuCommand() {
  return menuOptions().action((hub, options) => menu(hub, options));
}

type MenuOptions = ReturnType<ReturnType<typeof menuOptions>["opts"]>;

function menuOptions() {
  return command("menu")
    .argument("[host:port]", HUB_ARGUMENT);
}

async function menu(hub: string | undefined, options: MenuOptions): Promise<void> {
  checkTerminal(options);
  const { home = defaultHome(), color } = options;
  const { address, isNamed } = await chosenHub(home, hub);
  const hubArgument = isNamed ? formatAddress(address) : undefined;
  // The questions know no other way, and look at it as soon as they are loaded.
  if (!color) Deno.env.set("NO_COLOR", "1");
  const { openMenu } = await import("../menu/open_menu.ts");
  await withInterrupt((signal) => openMenu({ home, hubArgument, color, signal }), {
    signals: ENDING,
  });
}

function checkTerminal({ json }: MenuOptions) {
  if (!json && isInteractive() && Deno.stdout.isTerminal()) return;
  const why = json ? "it has no events" : "there is no terminal";
  throw new P2pError("usage", `cannot show the menu: ${why}`, {
    hint: "see `p2p --help` for what can be done without it",
  });
}
