import { isIPv4 } from "node:net";
import { hostName } from "../../home/host_name.ts";

const EVERYWHERE = ["0.0.0.0", "::"];

/**
 * The host that others type to reach a hub on `host`; for every address, one that this machine has.
 */
export function reachableHost(host: string): string {
  if (!EVERYWHERE.includes(host)) return host;
  try {
    const addresses = Deno.networkInterfaces().map(({ address }) => address);
    return addresses.find((address) => isIPv4(address) && !address.startsWith("127.")) ??
      hostName();
  } catch {
    return hostName();
  }
}
