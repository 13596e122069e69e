import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import { HubClient, type HubClientOptions, type Questions } from "../../src/client/hub_client.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import type { Address } from "../../src/transport/address.ts";
import type { TempDir } from "./temp_dir.ts";

/** The keys of the hub that {@link startHub} starts. */
export const hubKeys = await identityKeys();

/** Keys by the names that testers go by: one name, one person. */
const keysByName = new Map(
  await Promise.all(
    ["tester", "ana", "Ana", "bob", "cleo"].map(async (name) =>
      [name, await identityKeys()] as const
    ),
  ),
);

/** Another way to write 127.0.0.1 that does not count as loopback. */
export const BEYOND = "127.1";

/** A hub that takes everybody and does nothing, on a free port. */
export function startHub(options: Partial<HubOptions> = {}) {
  const hub = new Hub({
    keyPair: hubKeys,
    name: "the hub",
    onOpen: () => () => {},
    ...options,
    listeners: options.listeners ?? [Deno.listen({ hostname: "127.0.0.1", port: 0 })],
  });
  return { port: hub.address.port, [Symbol.asyncDispose]: () => hub.close() };
}

/** A tester's client, with its home in `dir`; it trusts nobody, and knows no secret. */
export function clientIn(
  dir: TempDir,
  { address, name = "tester", ...options }: Partial<HubClientOptions> & { address: Address },
): HubClient {
  return new HubClient({
    address,
    identity: { keyPair: keysByName.get(name)!, name: undefined },
    name,
    home: dir.path,
    questions: nobodyAnswers(),
    onEvent: () => {},
    ...options,
  });
}

/** Questions that nobody answers, but for those that are given. */
export function nobodyAnswers(questions: Partial<Questions> = {}): Questions {
  return {
    trustKey: () => Promise.resolve(false),
    secret: () => Promise.resolve(undefined),
    ...questions,
  };
}

/** A signal that never aborts. */
export function forever(): AbortSignal {
  return new AbortController().signal;
}

/** Connects, and says goodbye at once. */
export async function connectAndLeave(client: HubClient) {
  const { session } = await client.connect({ signal: forever() });
  await session.goodbye("bye", "");
  await session.closed;
}
