import { Output } from "../display/output.ts";
import { showPeople } from "../display/people.ts";
import { withInterrupt } from "../interrupt.ts";
import { askHubCommand, openClient } from "../options/hub_options.ts";
import { offerHub } from "../prompts/offer_hub.ts";

/** `p2p peers`: the people at a hub: joined, or known there and away. */
export function peersCommand() {
  return askHubCommand("peers").action((hub, options) =>
    withInterrupt(async (signal) => {
      const output = new Output(options);
      const client = await openClient({ hub, ...options, signal }, output);
      const { home } = client;
      await client.visit(signal, (connected) => showPeople(connected, { home, output }));
      await offerHub(client, options);
    })
  );
}
