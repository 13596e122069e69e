import assert from "node:assert/strict";
import type { P2pError } from "../../src/errors.ts";
import { MAX_SESSIONS_OF_KEY } from "../../src/hub/connections.ts";
import { Hub, type HubOptions, type Peer } from "../../src/hub/hub.ts";
import { Channel } from "../../src/protocol/channel.ts";
import { initiate } from "../../src/protocol/handshake.ts";
import type { Offer } from "../../src/protocol/messages.ts";
import { Session } from "../../src/protocol/session.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import { eventually } from "../helpers/eventually.ts";
import { OFFER } from "../helpers/session_pair.ts";
import { TCP_STATE, type TcpSocket, tcpSockets } from "../helpers/tcp_sockets.ts";
import { fullOr } from "../helpers/full_or.ts";
import { framed } from "../helpers/chunks.ts";

const hubKeys = await identityKeys();

Deno.test("Hub welcomes a peer, and knows its key and name at its offers", async () => {
  const offered = Promise.withResolvers<[Peer, string]>();
  await using hub = new TestHub({
    onOpen: (peer) => (_, opening) => offered.resolve([peer, (opening as Offer).name]),
  });
  const keyPair = await identityKeys();
  await using caller = await hub.call({ keyPair, name: "Zoe\u0308" });
  assert.equal(await caller.session.welcomed, "the hub");
  await caller.session.open().send({ type: "offer", ...OFFER });
  const [{ key, keys, name }, offer] = await offered.promise;
  assert.deepEqual([key, keys.bytes, name], [keyPair.id, keyPair.bytes, "Zoë"]);
  assert.equal(offer, OFFER.name);
});

Deno.test("Hub refuses a name that SPEC.md §13 does not allow, and asks nobody about it", async () => {
  const asked: Peer[] = [];
  const onOpen = (peer: Peer) => (asked.push(peer), () => {});
  await using hub = new TestHub({
    onOpen,
    refusePeer: (peer) => Promise.resolve(void asked.push(peer)),
  });
  for (const name of ["", " a", "a\u001b[2J", "x".repeat(65)]) {
    await using caller = await hub.call({ name });
    await assert.rejects(caller.session.welcomed, { code: "refused" }, JSON.stringify(name));
  }
  assert.deepEqual(asked, []);
  await eventually(() =>
    assert.deepEqual(hub.troubles.map(({ code }) => code), new Array(4).fill("refused"))
  );
});

Deno.test("Hub refuses who is refused, with the reason, and drops what they sent without waiting", async () => {
  const offers: string[] = [];
  await using hub = new TestHub({
    refusePeer: ({ name }) =>
      Promise.resolve(name === "eve" ? "eve is not on the list" : undefined),
    onOpen: () => (_, opening) => void offers.push((opening as Offer).name),
  });
  await using eve = await hub.call({ name: "eve" });
  const exchange = eve.session.open();
  await exchange.send({ type: "offer", ...OFFER }).catch(() => {});
  await assert.rejects(eve.session.welcomed, {
    code: "refused",
    message: "eve is not on the list",
  });
  await using alice = await hub.call({ name: "alice" });
  await alice.session.welcomed;
  assert.deepEqual(offers, []);
});

Deno.test("Hub lives on through strangers that are no p2p, break off, or break the protocol", async () => {
  await using hub = new TestHub();
  for (
    const bytes of [
      [],
      [0x47, 0x45, 0x54],
      [0x50, 0x32, 0x50, 2, 1, 0, 0, 0, 255, 255],
      new Array(3_000).fill(0x50),
    ]
  ) {
    const conn = await hub.connect();
    await conn.write(Uint8Array.from(bytes));
    conn.close();
  }
  await using caller = await hub.call();
  await caller.session.welcomed;
});

Deno.test("Hub goes on to accept after an error", async () => {
  const listener = freePort();
  const accept = listener.accept.bind(listener);
  let failures = 2;
  listener.accept = () =>
    failures-- > 0 ? Promise.reject(new Error("Too many open files")) : accept();
  await using hub = new TestHub({ listeners: [listener] });
  // Two at once: an error is no reason to let fewer in from now on.
  await using first = await hub.call();
  await using second = await hub.call();
  await Promise.all([first.session.welcomed, second.session.welcomed]);
  assert.match(hub.troubles[0]!.message, /cannot accept a connection: Too many open files/);
});

Deno.test("Hub pauses after an accept that failed", async () => {
  const listener = freePort();
  const failed = () => new Promise<never>((_, reject) => setTimeout(reject, 0, new Error("no")));
  listener.accept = failed;
  await using hub = new TestHub({ listeners: [listener] });
  // Half of the pause: time for many more.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(hub.troubles.length, 1);
});

Deno.test("Hub that has run out of files accepts nobody before some go, and then as many as ever", async () => {
  const listener = freePort();
  const accept = listener.accept.bind(listener);
  let asked = 0;
  listener.accept = () => {
    const failure = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
    return ++asked === 3 ? Promise.reject(failure) : accept();
  };
  await using hub = new TestHub({ listeners: [listener] });
  const before = await Promise.all([hub.call(), hub.call()]);
  await Promise.all(before.map(({ session }) => session.welcomed));
  // The pause after a failure is half of that, and began earlier.
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(asked, 3);
  const late = Promise.all([hub.call(), hub.call()]);
  for (const caller of before) await caller[Symbol.asyncDispose]();
  for (const caller of await late) {
    await caller.session.welcomed;
    await caller[Symbol.asyncDispose]();
  }
});

Deno.test("Hub accepts nobody over its most connections where nobody crowds it, until somebody goes", async () => {
  const listener = freePort();
  const accept = listener.accept.bind(listener);
  let asked = 0;
  listener.accept = () => (asked++, accept());
  await using hub = new TestHub({ listeners: [listener], maxConnections: 3 });
  const callers = await Promise.all([1, 2, 3].map(() => hub.call()));
  await Promise.all(callers.map(({ session }) => session.welcomed));
  assert.equal(asked, 3);
  const late = hub.call();
  for (const caller of callers) await caller[Symbol.asyncDispose]();
  await using caller = await late;
  await caller.session.welcomed;
});

Deno.test("a full Hub lets a newcomer in, and the newest of the key that crowds it goes", async () => {
  await using hub = new TestHub({ maxConnections: 11 });
  const crowd = await identityKeys();
  const closed: string[] = [];
  await using stack = new AsyncDisposableStack();
  const come = async (name: string, keyPair?: IdentityKeys) => {
    const { session } = stack.use(await hub.call({ name, ...keyPair && { keyPair } }));
    session.closed.catch(() => closed.push(name));
    await session.welcomed;
    return session;
  };
  await come("honest");
  for (let i = 0; i < 8; i++) await come(`crowd ${i}`, crowd);
  const newest = await come("newest of the crowd", crowd);
  // The last place, which makes room for one more.
  await come("late");
  await assert.rejects(newest.closed, { code: "connection" });
  await come("later");
  assert.deepEqual(closed, ["newest of the crowd"]);
});

Deno.test({
  name: "Hub takes no more sessions of one key than it may have, and says so",
  ignore: fullOr(false, true),
}, async () => {
  const keyPair = await identityKeys();
  await using hub = new TestHub();
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < MAX_SESSIONS_OF_KEY; i++) {
    await stack.use(await hub.call({ keyPair })).session.welcomed;
  }
  await using late = await hub.call({ keyPair });
  await assert.rejects(late.session.welcomed, { code: "refused", message: /256 sessions of your/ });
  await comeIn(hub);
});

Deno.test("Hub.close tells every peer, those that are sending too", async () => {
  const hub = new TestHub({
    onOpen: () => (exchange) => exchange.accept({ offset: 0, digest: null }),
  });
  const idle = await hub.call();
  const busy = await hub.call();
  await Promise.all([idle.session.welcomed, busy.session.welcomed]);
  const exchange = busy.session.open();
  await exchange.send({ type: "offer", ...OFFER });
  await exchange.send({ type: "begin", offset: 0, salt: OFFER.key });
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(framed()),
  });
  const sending = endless.pipeTo(exchange.writable).catch(() => {});
  await hub[Symbol.asyncDispose]();
  for (const { session } of [idle, busy]) {
    await assert.rejects(session.closed, { code: "connection", message: /the hub is stopping/ });
  }
  exchange.end();
  await sending;
  await Promise.all([idle, busy].map((caller) => caller[Symbol.asyncDispose]()));
});

Deno.test("Hub.close ends connections that have not come in", async () => {
  const hub = new TestHub();
  using silent = await hub.connect();
  await using caller = await hub.call(); // Once this one is in, the one before is at least accepted.
  await caller.session.welcomed;
  const closing = hub[Symbol.asyncDispose]();
  assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
  await closing;
});

const IDLE = fullOr(1_000, 60);

Deno.test({
  name:
    `Hub serves a newcomer among ${IDLE} idle and as many trickling connections, and gives every file back`,
  ignore: Deno.build.os !== "linux",
  async fn() {
    let port: number;
    {
      await using hub = new TestHub();
      port = hub.port;
      const sockets: Connection[] = [];
      for (let i = 0; i < 2 * IDLE; i++) {
        sockets.push(new TcpConnection(await hub.connect()));
      }
      const trickle = setInterval(
        () => sockets.slice(IDLE).forEach((conn) => conn.write(BYTE).catch(() => {})),
        100,
      );
      const late = setTimeout(() => sockets.forEach((conn) => conn.close()), 20_000);
      const startedAt = performance.now();
      await comeIn(hub);
      assert.ok(performance.now() - startedAt < 20_000, "it got in only when the others had gone");
      clearInterval(trickle);
      clearTimeout(late);
      sockets.forEach((conn) => conn.close());
      // The hub is done with each of them, in whatever order, when others get in as ever.
      await comeIn(hub);
    }
    await eventually(() => assert.deepEqual(openAt(port), []));
  },
});

Deno.test({
  name: "Hub gives back every file of peers that came and went",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using hub = new TestHub();
    for (let round = 0; round < fullOr(25, 6); round++) {
      const callers = await Promise.all([1, 2, 3, 4].map(() => hub.call()));
      await Promise.all(callers.map(({ session }) => session.welcomed));
      await callers[0]!.session.goodbye("bye", "");
      await Promise.all(callers.map((caller) => caller[Symbol.asyncDispose]()));
    }
    await eventually(() => assert.deepEqual(openAt(hub.port), []));
  },
});

const BYTE = Uint8Array.from([0x50]);

/** A hub on a free port of loopback, and what it complained of. */
class TestHub implements AsyncDisposable {
  readonly troubles: P2pError[] = [];
  readonly #hub: Hub;

  constructor(options: Partial<HubOptions> = {}) {
    this.#hub = new Hub({
      listeners: options.listeners ?? [freePort()],
      keyPair: hubKeys,
      name: "the hub",
      onOpen: () => () => {},
      onError: (_, error) => this.troubles.push(error),
      ...options,
    });
  }

  get port(): number {
    return this.#hub.address.port;
  }

  /** A connection that has said nothing yet. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ port: this.port });
  }

  /** A peer after its handshake. */
  async call(
    { keyPair, name = "caller" }: { keyPair?: IdentityKeys; name?: string } = {},
  ) {
    const conn = new TcpConnection(await this.connect());
    const keys = keyPair ?? await identityKeys();
    const checkKey = () => Promise.resolve();
    const handshake = await initiate(conn, { keyPair: keys, name, checkKey }).catch((error) => {
      conn.close();
      throw error;
    });
    const session = new Session(new Channel(conn, handshake), { initiator: true });
    return {
      session,
      async [Symbol.asyncDispose]() {
        session.abort();
        await session.closed.catch(() => {});
      },
    };
  }

  async [Symbol.asyncDispose]() {
    await this.#hub.close();
  }
}

function freePort(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** Gets in and leaves again; as `connect` does, it comes again where a crowded hub closes it to let others in. */
async function comeIn(hub: TestHub): Promise<void> {
  await eventually(async () => {
    await using caller = await hub.call();
    assert.equal(await caller.session.welcomed, "the hub");
  });
}

/** The connections at a port that one of their ends has not closed. */
function openAt(port: number): TcpSocket[] {
  return tcpSockets().filter((socket) =>
    [socket.local, socket.remote].includes(port) && socket.isOpen &&
    socket.state !== TCP_STATE.listen
  );
}
