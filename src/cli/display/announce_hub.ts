import type { HubSecret } from "../../home/hub_secret.ts";
import { type Address, DEFAULT_PORT, formatAddress, isLoopback } from "../../transport/address.ts";
import { printable } from "../../ui/printable.ts";
import type { Output } from "./output.ts";
import { reachableHost } from "./reachable_host.ts";

/** The facts that others need to reach a hub. */
export interface Announcement {
  /** Where it listens. */
  address: Address;
  name: string;
  fingerprint: string;
  secret: HubSecret | undefined;
  /** Shows the line for others as a QR code too. */
  qr: boolean;
}

/** Shows that a hub is up, who can reach it, and the line that others type. */
export async function announceHub(announcement: Announcement, output: Output): Promise<void> {
  const { address, name, fingerprint, secret, qr } = announcement;
  const { bold } = output.style;
  const secretFile = secret?.path;
  const line = `p2p send FILE --to ${addressForOthers(address)}`;
  output.event({
    event: "listening",
    ...{ ...address, name, fingerprint },
    ...secretFile && { secretFile },
  });
  output.result("Server initialized");
  output.result(`  address      ${bold(formatAddress(address))}`);
  output.result(`  reached by   ${whoReaches(address, secret)}`);
  output.result(`  name         ${bold(printable(name))}`);
  output.result(`  fingerprint  ${fingerprint}`);
  if (secret !== undefined) output.result(`  secret       ${secretInWords(secret, output)}`);
  output.result(`  to send      ${bold(line)}`);
  if (qr) {
    const { renderUnicodeCompact } = await import("uqr");
    output.result(renderUnicodeCompact(line, { border: 2 }));
  }
  if (secret?.isNew) output.note(`the secret is kept in ${secretFile}`);
  if (secret === undefined && !isLoopback(address.host)) {
    output.warning("anybody who can reach this address can send files here");
  }
}

function whoReaches({ host }: Address, secret: HubSecret | undefined): string {
  if (isLoopback(host)) return "this machine alone (your network: p2p serve --lan)";
  return secret === undefined ? "everybody on the network" : "who knows the secret, on the network";
}

/** As short as it is typed: the usual port is left out beyond this machine. */
function addressForOthers({ host, port }: Address): string {
  const reachable = reachableHost(host);
  const isShort = port === DEFAULT_PORT && !isLoopback(host) && !reachable.includes(":");
  return isShort ? reachable : formatAddress({ host: reachable, port });
}

/** A secret that was made up, this once; one that was handed in is never printed. */
function secretInWords({ secret, path, isNew }: HubSecret, { style }: Output): string {
  if (isNew) return `${style.bold(secret)}  (others are asked for it when they connect)`;
  return path === undefined ? "required" : `required (kept in ${path})`;
}
