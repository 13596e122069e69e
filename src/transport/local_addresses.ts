/** An answer of the system is good for so long: all connections of a process ask. */
const FRESH_MS = 1_000;

let addresses: ReadonlySet<string> = new Set();
let askedAt = -Infinity;

/** True while a network interface of this machine has `host`, an IP address. */
export function isLocalAddress(host: string): boolean {
  const now = performance.now();
  if (now - askedAt >= FRESH_MS) {
    addresses = new Set(Deno.networkInterfaces().map(({ address }) => address));
    askedAt = now;
  }
  return addresses.has(host);
}
