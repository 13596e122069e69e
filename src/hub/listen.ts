import { P2pError } from "../errors.ts";
import { systemWords } from "../system_error.ts";
import { type Address, formatAddress } from "../transport/address.ts";

/**
 * Listens on `address`. Throws `P2pError`: "local" for a port that is taken or not ours, "usage"
 * for a host that is not here.
 */
export function listen({ host, port }: Address): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port });
  } catch (error) {
    throw new P2pError(
      "local",
      `cannot listen on ${formatAddress({ host, port })}: ${systemWords(error)}`,
      {
        hint: error instanceof Deno.errors.AddrInUse
          ? "choose another port, or --port 0 for a free one"
          : "choose another --host or --port",
        cause: error,
      },
    );
  }
}
