import assert from "node:assert/strict";
import { connect } from "../../src/client/connect.ts";
import { accept, type HandshakeConnection } from "../../src/protocol/handshake.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";
import { pinKey, pinnedKey } from "../../src/home/known_hubs.ts";
import { generateKeyPair, type KeyPair } from "../../src/secure/x25519.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import {
  BEYOND,
  connectAndLeave,
  hubKeys,
  optionsIn,
  startHub,
} from "../helpers/connect_to_hub.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const hubPrint = fingerprint(hubKeys.publicKey);

Deno.test("connect gives a session, the hub's name and its fingerprint", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const { session, name, fingerprint } = await connect(loopback(hub.port), optionsIn(dir));
  assert.deepEqual([name, fingerprint], ["the hub", hubPrint]);
  await session.goodbye("bye", "");
  await session.closed;
});

Deno.test("connect pins the key of a loopback address at first contact, and says so once", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const pinned: string[] = [];
  const options = optionsIn(dir, { onPinned: (shown) => pinned.push(shown) });
  for (let run = 0; run < 2; run++) await connectAndLeave(loopback(hub.port), options);
  assert.deepEqual(pinned, [hubPrint]);
  assert.deepEqual(await pinnedKey(dir.path, `127.0.0.1:${hub.port}`), hubKeys.publicKey);
});

Deno.test("connect from two runs at once pins one key, and both get in", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  await Promise.all([1, 2, 3].map(() => connectAndLeave(loopback(hub.port), optionsIn(dir))));
  await connectAndLeave(loopback(hub.port), optionsIn(dir));
  assert.deepEqual(await pinnedKey(dir.path, `127.0.0.1:${hub.port}`), hubKeys.publicKey);
});

Deno.test("connect refuses a key that changed, and does not send message 3", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const where = `127.0.0.1:${stranger.port}`;
  await pinKey(dir.path, where, generateKeyPair().publicKey);
  await assert.rejects(connect(loopback(stranger.port), optionsIn(dir)), {
    code: "refused",
    message: new RegExp(`${where} has changed: it was .{23}, it is ${hubPrint}`),
  });
  assert.deepEqual(await stranger.received(), [8 + 2 + 32]);
});

Deno.test("connect asks about a new key beyond loopback, with nothing of ours said, and goes on once it is trusted", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const asked: string[] = [];
  const trustNew = (shown: string) => Promise.resolve(asked.push(shown) > 0);
  for (let run = 0; run < 2; run++) {
    await connectAndLeave({ host: BEYOND, port: hub.port }, optionsIn(dir, { trustNew }));
  }
  assert.deepEqual(asked, [hubPrint]);
});

Deno.test("connect refuses a new key that nobody trusts, and does not send message 3", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connect(address, optionsIn(dir)), { code: "refused", hint: /--trust-new/ });
  assert.equal(await pinnedKey(dir.path, `${BEYOND}:${stranger.port}`), undefined);
  assert.deepEqual(await stranger.received(), [8 + 2 + 32]);
});

Deno.test("connect has no connection open while somebody is asked", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const trustNew = async () => {
    assert.deepEqual(await stranger.received(), [8 + 2 + 32]);
    return false;
  };
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connect(address, optionsIn(dir, { trustNew })), { code: "refused" });
});

Deno.test("connect refuses another key than the one that was trusted a moment ago", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  const trustNew = () => {
    stranger.keyPair = generateKeyPair();
    return Promise.resolve(true);
  };
  const address = { host: BEYOND, port: stranger.port };
  await assert.rejects(connect(address, optionsIn(dir, { trustNew })), {
    code: "refused",
    message: /has changed/,
  });
  assert.deepEqual(await stranger.received(), [42, 42]);
});

Deno.test("connect throws the hub's reason where it refuses", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({
    refusePeer: ({ name }) => Promise.resolve(`${name} is not on the list`),
  });
  await assert.rejects(connect(loopback(hub.port), optionsIn(dir)), {
    code: "refused",
    message: "tester is not on the list",
  });
});

Deno.test("connect says so where the connection is lost before the welcome", async () => {
  await using dir = await TempDir.make();
  await using stranger = new Stranger();
  await assert.rejects(connect(loopback(stranger.port), optionsIn(dir)), {
    code: "connection",
    message: new RegExp(`^cannot connect to 127\\.0\\.0\\.1:${stranger.port}: `),
    hint: "run the same line again",
  });
});

Deno.test("connect comes again where a crowded hub closed the connection to let others in", async () => {
  await using dir = await TempDir.make();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accept = listener.accept.bind(listener);
  listener.accept = async () => {
    for (; closed < 3; closed++) (await accept()).close();
    return await accept();
  };
  let closed = 0;
  await using hub = startHub({ listener });
  await connectAndLeave(loopback(hub.port), optionsIn(dir));
  assert.equal(closed, 3);
});

Deno.test("connect throws the reason of its signal while it waits", async () => {
  await using dir = await TempDir.make();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const connecting = connect(loopback(listener.addr.port), optionsIn(dir, { signal: stop.signal }));
  using conn = await listener.accept();
  await conn.read(new Uint8Array(100));
  const reason = new Error("stop");
  stop.abort(reason);
  await assert.rejects(connecting, (error: Error) => error === reason || error.cause === reason);
});

function loopback(port: number) {
  return { host: "127.0.0.1", port };
}

/** Somebody who answers with a key, counts the bytes that come, and closes after the handshake. */
class Stranger implements AsyncDisposable {
  keyPair: KeyPair = hubKeys;
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
async function countBytes(conn: Connection, keyPair: KeyPair): Promise<number> {
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
