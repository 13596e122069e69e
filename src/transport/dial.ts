import { P2pError } from "../errors.ts";
import { trace } from "../trace.ts";
import { type Address, formatAddress } from "./address.ts";
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
    const conn = await Deno.connect({
      hostname: address.host,
      port: address.port,
      signal: AbortSignal.any([signal, deadline]),
    });
    if (trace.session.hasSubscribers) {
      const ms = Math.round(performance.now() - startedAt);
      trace.session.publish({ what: "dialled", state: true, ms });
    }
    return new TcpConnection(conn);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const why = deadline.aborted
      ? `no answer within ${CONNECT_TIMEOUT_MS / 1000} s`
      : describe(error);
    throw new P2pError("connection", `cannot connect to ${formatAddress(address)}: ${why}`, {
      hint: "start a hub there with `p2p serve`",
      cause: error,
    });
  }
}

function describe(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "connection refused";
  const message = (error as Error).message;
  if (/lookup|resolve|name or service|no address/i.test(message)) {
    return "the host name is not known";
  }
  return message.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
