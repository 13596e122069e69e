import { P2pError } from "../errors.ts";
import { systemCode, systemWords, UNKNOWN_HOST } from "../system_error.ts";
import { trace } from "../trace.ts";
import { type Address, formatAddress, hostsOf, isLoopback } from "./address.ts";
import type { Connection } from "./connection.ts";
import { TcpConnection } from "./tcp_connection.ts";

const CONNECT_TIMEOUT_MS = 20_000;

/** Opens a TCP connection. Throws `P2pError` "connection" that names the address and the cause. */
export async function dial(
  address: Address,
  { signal }: { signal: AbortSignal },
): Promise<Connection> {
  const startedAt = performance.now();
  const deadline = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    const conn = await connect(address, AbortSignal.any([signal, deadline]));
    if (trace.session.hasSubscribers) {
      const ms = Math.round(performance.now() - startedAt);
      trace.session.publish({ what: "dialled", state: true, ms });
    }
    return new TcpConnection(conn);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const isSilent = deadline.aborted || systemCode(error) === "ETIMEDOUT";
    const why = deadline.aborted
      ? `no answer within ${CONNECT_TIMEOUT_MS / 1000} s`
      : systemWords(error);
    throw new P2pError("connection", `cannot connect to ${formatAddress(address)}: ${why}`, {
      hint: hintFor(why, address),
      detail: isSilent ? "no-answer" : undefined,
      cause: error,
    });
  }
}

/** Connects to the first of the host's addresses that answers; the error is that of the first. */
async function connect({ host, port }: Address, signal: AbortSignal): Promise<Deno.TcpConn> {
  const failures: unknown[] = [];
  for (const hostname of hostsOf(host)) {
    try {
      return await Deno.connect({ hostname, port, signal });
    } catch (error) {
      failures.push(error);
      if (signal.aborted) break;
    }
  }
  throw failures[0];
}

/** The next thing to look at, by the kind of failure. */
function hintFor(why: string, { host }: Address): string {
  if (why === UNKNOWN_HOST) return "check how the name is written, or take the IP address";
  if (/network is unreachable/.test(why)) return "check the network of this machine";
  if (/no route|no answer/.test(why)) {
    return "check the address, that the machine is on, and that no firewall is in between";
  }
  if (isLoopback(host)) return "start a hub there with `p2p serve`";
  return "start a hub there with `p2p serve --lan`; a plain `p2p serve` listens to its own machine alone";
}
