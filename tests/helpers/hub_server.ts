import {
  type HubServer,
  type HubServerEvent,
  type HubServerOptions,
  openHubServer,
} from "../../src/hub/hub_server.ts";
import { loadIdentity } from "../../src/home/identity.ts";
import type { TempDir } from "./temp_dir.ts";

/** A whole hub on a free port of this machine, with its home and its folder in `dir`, and what it tells. */
export async function openServer(
  dir: TempDir,
  options: Partial<HubServerOptions> = {},
): Promise<{ server: HubServer; events: HubServerEvent[] }> {
  const events: HubServerEvent[] = [];
  const home = dir.join("home");
  const server = await openHubServer({
    address: { host: "127.0.0.1", port: 0 },
    home,
    identity: await loadIdentity(home),
    name: "the hub",
    onlyKnown: false,
    receive: { dir: dir.join("received"), onConflict: "rename", allowHidden: false },
    keepMs: 60_000,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { server, events };
}

/** The name of what an event of a hub is about: "joined", "received", … */
export function nameOf(event: HubServerEvent): string {
  return event.type === "error" ? "error" : event.event.event;
}
