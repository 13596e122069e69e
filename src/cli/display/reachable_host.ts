import { isIPv4 } from "node:net";
import { hostName } from "../../home/host_name.ts";

const EVERYWHERE = ["0.0.0.0", "::"];

/** Networks inside of this machine, and tunnels. */
const NOT_THE_LAN = /^(docker|br-|veth|virbr|vmnet|vboxnet|utun|tun|tap|wg|zt|tailscale)/;

/**
 * The host that others type to reach a hub on `host`; for every address, one that this machine has.
 */
export function reachableHost(host: string): string {
  if (!EVERYWHERE.includes(host)) return host;
  try {
    const outward = Deno.networkInterfaces()
      .filter(({ address }) => isIPv4(address) && !address.startsWith("127."));
    const lan = outward.find(({ name }) => !NOT_THE_LAN.test(name)) ?? outward[0];
    return lan?.address ?? hostName();
  } catch {
    return hostName();
  }
}
