import { askHub, askHubOptions, type AskOptions } from "../options/ask_hub.ts";
import { withInterrupt } from "../interrupt.ts";
import { showPeople } from "../display/people.ts";

/** `p2p peers`: who is joined at a hub, and who is known there and away. */
export function peersCommand() {
  return askHubOptions("peers")
    .action((hub, options) => withInterrupt((signal) => peers(hub, { ...options, signal })));
}

async function peers(hub: string, options: AskOptions): Promise<void> {
  await askHub(
    hub,
    options,
    ({ home, ...connected }, output) => showPeople(connected, { home, output }),
  );
}
