import { isIPv4, isIPv6 } from "node:net";
import { P2pError } from "../errors.ts";

/** The place where a hub listens. */
export interface Address {
  host: string;
  port: number;
}

/** The port when none is given. */
export const DEFAULT_PORT = 8080;

/**
 * `HOST[:PORT]`, `[::1]:8080`, a bare IPv6 address or `:PORT`. Throws `P2pError` "usage" for
 * anything else.
 */
export function parseAddress(text: string): Address {
  const bracketed = /^\[([^\]]*:[^\]]*)\](?::(.*))?$/.exec(text);
  const [host, port] = bracketed
    ? [bracketed[1]!, bracketed[2]]
    : text.split(":").length > 2
    ? [text, undefined]
    : splitOnce(text);
  return {
    host: checkedHost(host || "127.0.0.1", text),
    port: port === undefined ? DEFAULT_PORT : parsePort(port, text),
  };
}

/** `host:port` as a person types it, IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True where `host` can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  return plain === "localhost" || plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/** The addresses to try for a host: `localhost` is both families, whatever a resolver says. */
export function hostsOf(host: string): readonly string[] {
  return host.toLowerCase() === "localhost" ? ["127.0.0.1", "::1"] : [host];
}

/** A port number from 0 to 65535, or `P2pError` "usage". */
export function parsePort(text: string, whole = text): number {
  const port = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(port)) {
    throw new P2pError("usage", `cannot read the port of "${whole}": "${text}" is not a number`);
  }
  if (port > 65535) throw new P2pError("usage", `port ${text} is out of range (1–65535)`);
  return port;
}

function splitOnce(text: string): [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon === -1 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function checkedHost(host: string, whole: string): string {
  const fits = host.includes(":") ? isIPv6(host) : /^[\p{L}\p{N}._-]{1,253}$/u.test(host);
  if (!fits) {
    throw new P2pError(
      "usage",
      `cannot read the address "${whole}": "${host}" is not a host name or an IP address`,
      {
        hint: "write it as HOST:PORT, for example 192.168.1.20:8080 or [::1]:8080",
      },
    );
  }
  return host;
}
