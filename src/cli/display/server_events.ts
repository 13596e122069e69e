import type { HubEvent } from "../../hub/hub_event.ts";
import type { HubServerEvent } from "../../hub/hub_server.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { printable, printableName } from "../../ui/printable.ts";
import { formatBytes } from "../../units.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Output } from "./output.ts";

/** Prints an event of a hub, or shows what has arrived there. */
export function showServerEvent(
  event: HubServerEvent,
  { arrivals, output }: { arrivals: Arrivals; output: Output },
) {
  switch (event.type) {
    case "transfer":
      return arrivals.report(event.event);
    case "people":
      return showHubEvent(event.event, output);
    case "error":
      return output.note(`${event.from ?? "p2p"}: ${printable(event.error.message)}`);
  }
}

/** Prints joins, leaves and the outcome of each relayed transfer. */
function showHubEvent(event: HubEvent, output: Output) {
  const { bold } = output.style;
  if ("key" in event) {
    const { peer, key } = event;
    output.event({ event: event.event, peer, fingerprint: fingerprint(key) });
    return output.result(`${bold(printableName(peer))} has ${event.event}`);
  }
  output.event(event);
  const between = betweenOf(event.from, event.to, bold);
  if (event.event === "refused") return output.result(`refused ${between}: ${event.reason}`);
  const size = event.bytes === null ? "" : ` (${formatBytes(event.bytes)})`;
  output.result(`${event.state} ${between}${size}`);
}

/** The two of a transfer; under a code they have no names but their fingerprints (SPEC.md §19). */
function betweenOf(from: string, to: string, bold: (text: string) => string): string {
  const [sender, receiver] = [from, to].map((name) => bold(printableName(name.replace(/^#/, ""))));
  const names = to.startsWith("#") ? `by code: ${sender} to ${receiver}` : undefined;
  return names ?? `from ${sender} to ${receiver}`;
}
