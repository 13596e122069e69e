import assert from "node:assert/strict";
import type { ClientEvent } from "../../src/client/client_event.ts";
import type { HubClientOptions } from "../../src/client/hub_client.ts";
import type { Address } from "../../src/transport/address.ts";
import { accept, type HandshakeConnection } from "../../src/protocol/handshake.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";
import { pinKey, pinnedKey } from "../../src/home/known_hubs.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import {
  BEYOND,
  clientIn,
  connectAndLeave,
  forever,
  hubKeys,
  nobodyAnswers,
  startHub,
} from "../helpers/connect_to_hub.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const hubPrint = fingerprint(hubKeys.id);

Deno.test("HubClient.connect gives a session, the hub's name and its fingerprint", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const { session, name, fingerprint } = await clientIn(dir, {
    address: loopback(hub.port),
  }).connect({ signal: forever() });
  assert.deepEqual([name, fingerprint], ["the hub", hubPrint]);
  await session.goodbye("bye", "");
  await session.closed;
});

Deno.test("HubClient.connect pins the key of a loopback address at first contact, and says so once", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const pinned: ClientEvent[] = [];
  const client = clientIn(dir, {
    address: loopback(hub.port),
    onEvent: (event) => pinned.push(event),
  });
  for (let run = 0; run < 2; run++) await connectAndLeave(client);
  assert.deepEqual(pinned, [{ type: "pinned", fingerprint: hubPrint }]);
  assert.deepEqual(await pinnedKey(dir.path, `127.0.0.1:${hub.port}`), hubKeys.id);
});

Deno.test("HubClient.connect from two runs at once pins one key, and both get in", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const client = () => clientIn(dir, { address: loopback(hub.port) });
  await Promise.all([1, 2, 3].map(() => connectAndLeave(client())));
  await connectAndLeave(client());
  assert.deepEqual(await pinnedKey(dir.path, `127.0.0.1:${hub.port}`), hubKeys.id);
});

Deno.test("HubClient.connect refuses a key that changed, and does not send message 3", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const where = `127.0.0.1:${stranger.port}`;
  await pinKey(dir.path, where, (await identityKeys()).id);
  await assert.rejects(connectTo(loopback(stranger.port), dir), {
    code: "refused",
    message: new RegExp(`${where} has changed: it was .{23}, it is ${hubPrint}`),
  });
  assert.deepEqual(await stranger.received(), [8 + 2 + 32 + 1_184]);
});

Deno.test("HubClient.connect asks about a new key beyond loopback, with nothing of ours said, and goes on once it is trusted", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const asked: string[] = [];
  const trustKey = (...about: string[]) => Promise.resolve(asked.push(about.join(" ")) > 0);
  const address = { host: BEYOND, port: hub.port };
  const client = clientIn(dir, { address, questions: nobodyAnswers({ trustKey }) });
  for (let run = 0; run < 2; run++) await connectAndLeave(client);
  assert.deepEqual(asked, [`${BEYOND}:${hub.port} ${hubPrint}`]);
});

Deno.test("HubClient.connect refuses a new key that nobody trusts, and does not send message 3", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connectTo(address, dir), { code: "refused", hint: /--trust-new/ });
  assert.equal(await pinnedKey(dir.path, `${BEYOND}:${stranger.port}`), undefined);
  assert.deepEqual(await stranger.received(), [8 + 2 + 32 + 1_184]);
});

Deno.test("HubClient.connect has no connection open while somebody is asked", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const trustKey = async () => {
    assert.deepEqual(await stranger.received(), [8 + 2 + 32 + 1_184]);
    return false;
  };
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connectTo(address, dir, { questions: nobodyAnswers({ trustKey }) }), {
    code: "refused",
  });
});

Deno.test("HubClient.connect refuses another key than the one that was trusted a moment ago", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const trustKey = async () => {
    stranger.keyPair = await identityKeys();
    return true;
  };
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connectTo(address, dir, { questions: nobodyAnswers({ trustKey }) }), {
    code: "refused",
    message: /has changed/,
  });
  assert.deepEqual(await stranger.received(), [1_226, 1_226]);
});

Deno.test("HubClient.connect throws the hub's reason where it refuses", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({
    refusePeer: ({ name }) => Promise.resolve(`${name} is not on the list`),
  });
  await assert.rejects(connectTo(loopback(hub.port), dir), {
    code: "refused",
    message: "tester is not on the list",
  });
});

Deno.test("HubClient.connect says so where the connection is lost before the welcome", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  await assert.rejects(connectTo(loopback(stranger.port), dir), {
    code: "connection",
    message: new RegExp(`^cannot connect to 127\\.0\\.0\\.1:${stranger.port}: `),
    hint: "run the same line again",
  });
});

Deno.test("HubClient.connect comes again where a crowded hub closed the connection to let others in", async () => {
  await using dir = await TempDir.make();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accept = listener.accept.bind(listener);
  listener.accept = async () => {
    for (; closed < 3; closed++) (await accept()).close();
    return await accept();
  };
  let closed = 0;
  await using hub = startHub({ listeners: [listener] });
  await connectAndLeave(clientIn(dir, { address: loopback(hub.port) }));
  assert.equal(closed, 3);
});

Deno.test("HubClient.connect throws the reason of its signal while it waits", async () => {
  await using dir = await TempDir.make();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const client = clientIn(dir, { address: loopback(listener.addr.port) });
  const connecting = client.connect({ signal: stop.signal });
  using conn = await listener.accept();
  await conn.read(new Uint8Array(100));
  const reason = new Error("stop");
  stop.abort(reason);
  await assert.rejects(connecting, (error: Error) => error === reason || error.cause === reason);
});

function connectTo(address: Address, dir: TempDir, options: Partial<HubClientOptions> = {}) {
  return clientIn(dir, { address, ...options }).connect({ signal: forever() });
}

function loopback(port: number) {
  return { host: "127.0.0.1", port };
}

/** Somebody who answers with a key, counts the bytes that come, and closes after the handshake. */
class Stranger implements AsyncDisposable {
  keyPair: IdentityKeys = hubKeys;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #counts: Promise<number>[] = [];
  readonly #serving = this.#serve();

  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many bytes each caller has sent, once all are gone. */
  received(): Promise<number[]> {
    return Promise.all(this.#counts);
  }

  async #serve() {
    while (true) {
      const conn = await this.#listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      this.#counts.push(countBytes(new TcpConnection(conn), this.keyPair));
    }
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    await this.#serving;
    await this.received();
  }
}

/** How many bytes a caller has sent when it is over. */
async function countBytes(conn: Connection, keyPair: IdentityKeys): Promise<number> {
  let bytes = 0;
  const counted: HandshakeConnection = {
    async read(into) {
      const length = await conn.read(into);
      bytes += length ?? 0;
      return length;
    },
    write: (written) => conn.write(written),
  };
  await accept(counted, { keyPair }).catch(() => {});
  conn.close();
  return bytes;
}
