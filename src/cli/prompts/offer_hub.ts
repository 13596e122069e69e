import { stderr } from "node:process";
import type { HubClient } from "../../client/hub_client.ts";
import { findHub, knownHubs, useHub } from "../../home/known_hubs.ts";
import { checkedHubName, hostAddressOf } from "../../names/hub_name.ts";
import { isLoopback } from "../../transport/address.ts";
import { printable } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";

/**
 * Asks on the terminal whether the hub that was met now for the first time is the one to use from
 * now on, under the name that it has where that can be a short name here. Hubs on this machine, and
 * those that are not remembered, are not asked about.
 */
export async function offerHub(
  client: HubClient,
  { quiet, json }: { quiet?: boolean; json?: boolean },
): Promise<void> {
  const { metHub, home, hub, address } = client;
  if (metHub === undefined || isLoopback(address.host)) return;
  if (quiet || json || !isInteractive()) return;
  const name = await shortNameOf(metHub, home);
  const { confirm, isCancel } = await import("@clack/prompts");
  const which = name === undefined ? hub : `${hub}, as "${printable(name)}",`;
  const message = `Use ${which} from now on where no hub is named?`;
  const answer = await confirm({ message, output: stderr });
  if (!isCancel(answer) && answer) await useHub(home, hub, name);
}

/** What a hub calls itself, where that is a word that means nothing else here. */
async function shortNameOf(metHub: string, home: string): Promise<string | undefined> {
  try {
    const name = checkedHubName(metHub);
    const isTaken = findHub(await knownHubs(home), name) !== undefined;
    return isTaken || await hostAddressOf(name) !== undefined ? undefined : name;
  } catch {
    return undefined;
  }
}
