import { P2pError } from "../errors.ts";
import { systemWords } from "../system_error.ts";
import { type Address, formatAddress, hostsOf } from "../transport/address.ts";

/** Times that a free port is looked for which nobody has in either family. */
const TRIES = 10;

/** What a hub listens on. */
export interface Listening {
  readonly listeners: readonly [Deno.TcpListener, ...Deno.TcpListener[]];
  /** Where it is found. */
  readonly address: Address;
  /** Why somebody else may answer at the other family's address; undefined where nobody can. */
  readonly trouble: string | undefined;
}

/**
 * Listens on `address`; on `localhost` in both families, so that nobody else answers there. Throws
 * `P2pError`: "local" for a port that is taken or not ours, "usage" for a host that is not here.
 */
export function listen({ host, port }: Address, tries = TRIES): Listening {
  const [first = host, second] = hostsOf(host);
  const listener = listenOn({ host: first, port });
  const address = { host: first, port: (listener.addr as Deno.NetAddr).port };
  if (second === undefined) return { listeners: [listener], address, trouble: undefined };
  const other = { ...address, host: second };
  try {
    return { listeners: [listener, listenOn(other)], address, trouble: undefined };
  } catch (error) {
    const isTaken = (error as Error).cause instanceof Deno.errors.AddrInUse;
    if (isTaken && port === 0 && tries > 1) {
      listener.close();
      return listen({ host, port }, tries - 1);
    }
    // Where there is no such family nobody answers.
    return { listeners: [listener], address, trouble: isTaken ? takenBeside(other) : undefined };
  }
}

function listenOn({ host, port }: Address): Deno.TcpListener {
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

function takenBeside(other: Address): string {
  return `another program listens on ${formatAddress(other)}: who looks for "localhost" there ` +
    "finds that one; choose another --port where it is not yours";
}
