import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import type { TempDir } from "./temp_dir.ts";

/** The keys of the hub that {@link startHub} starts. */
export const hubKeys = generateKeyPair();

/** Another way to write 127.0.0.1 that does not count as loopback. */
export const BEYOND = "127.1";

/** A hub that takes everybody and does nothing, on a free port. */
export function startHub(options: Partial<HubOptions> = {}) {
  const hub = new Hub({
    keyPair: hubKeys,
    name: "the hub",
    onOpen: () => () => {},
    ...options,
    listener: options.listener ?? Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  });
  return { port: hub.address.port, [Symbol.asyncDispose]: () => hub.close() };
}

/** Options of a tester with a key of its own and its home in `dir`. */
export function optionsIn(dir: TempDir, options: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    identity: { keyPair: generateKeyPair(), name: undefined },
    name: "tester",
    home: dir.path,
    trustNew: () => Promise.resolve(false),
    signal: new AbortController().signal,
    ...options,
  };
}

/** Connects, and says goodbye at once. */
export async function connectAndLeave(
  address: { host: string; port: number },
  options: ConnectOptions,
) {
  const { session } = await connect(address, options);
  await session.goodbye("bye", "");
  await session.closed;
}
