import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { framed } from "../helpers/chunks.ts";
import type { Incoming } from "../../src/protocol/channel.ts";
import { ChunkMemory } from "../../src/protocol/chunk_memory.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import { GOODBYE_CODES, type Message, type Offer } from "../../src/protocol/messages.ts";
import {
  MAX_OPEN_EXCHANGES,
  MAX_WAITING_BYTES,
  Session,
  type SessionOptions,
} from "../../src/protocol/session.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { FLAGS_BYTES } from "../../src/transport/chunk_flags.ts";
import type { TraceEvent } from "../../src/trace.ts";
import { eventually } from "../helpers/eventually.ts";
import { ManualClock } from "../helpers/manual_clock.ts";
import {
  beginRun,
  OFFER,
  offerOf,
  SessionPair,
  SessionUnderTest,
} from "../helpers/session_pair.ts";

/** Full chunks that may be on their way before the first credit. */
const WINDOW_CHUNKS = Math.floor(WINDOW_BYTES / SEALED_CHUNK_BYTES);

const ACCEPT = {
  type: "accept",
  offset: 0,
  digest: null,
  credit: WINDOW_BYTES,
  taken: false,
} as const;

const WELCOME: Message = { type: "welcome", name: "the hub", time: 5_000, you: null, owned: false };

Deno.test("Session tells the initiator the acceptor's name", async () => {
  await using pair = await SessionPair.open();
  assert.equal(await pair.initiator.welcomed, "the hub");
});

Deno.test("Session.peerTime is the acceptor's clock, which goes on", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: true, clock });
  await test.peer.send(WELCOME);
  assert.equal(await test.session.peerTime(), 5_000);
  clock.advance(700);
  assert.equal(await test.session.peerTime(), 5_700);
});

Deno.test("Session reads on behind its goodbye, whatever comes: a reset would take it along", async () => {
  await using test = await SessionUnderTest.open({ initiator: false });
  const leaving = test.session.goodbye("refused", "no");
  // Frames of no type, longer than all; far more of them than the connection holds.
  await test.channels.conn.write(new Uint8Array(2 ** 20).fill(255));
  const [goodbye] = await Array.fromAsync(test.peer.incoming());
  assert.deepEqual(goodbye, { type: "goodbye", code: "refused", reason: "no" });
  test.peer.abort();
  await leaving;
});

Deno.test("Session carries an exchange: offer, answer, chunks, end", async () => {
  const offered = Promise.withResolvers<{ exchange: Exchange; offer: Offer }>();
  await using pair = await SessionPair.open({
    onOpen: (exchange, opening) => offered.resolve({ exchange, offer: opening as Offer }),
  });
  const ours = pair.initiator.open();
  await ours.send({ type: "offer", ...OFFER });
  const { exchange, offer } = await offered.promise;
  assert.deepEqual(offer, offerOf(ours.number));
  await beginRun(ours, exchange);
  const chunks = Array.from(
    { length: 40 },
    (_, i) => framed(SEALED_CHUNK_BYTES, { fill: i }),
  );
  const sending = ReadableStream.from(chunks).pipeTo(ours.writable);
  let count = 0;
  for await (const chunk of exchange.data) assert.equal(chunk[FLAGS_BYTES], count++);
  assert.equal(count, 40);
  await sending;
});

Deno.test("Session numbers exchanges odd for the initiator, even for the acceptor, each larger", async () => {
  await using pair = await SessionPair.open();
  assert.deepEqual([1, 2, 3].map(() => pair.initiator.open().number), [1, 3, 5]);
  assert.deepEqual([1, 2, 3].map(() => pair.acceptor.open().number), [2, 4, 6]);
});

Deno.test("Session fails for an offer with a number that cannot be new", async () => {
  const cases: [why: string, offers: number[]][] = [
    ["even from the initiator", [2]],
    ["the same again", [1, 1]],
    ["smaller than before", [5, 3]],
  ];
  for (const [why, numbers] of cases) await failsAcceptor(numbers.map(offerOf), why);
  await failsInitiator([WELCOME, offerOf(1)], "odd from the acceptor");
});

Deno.test("Session fails for messages and data of an exchange that was never opened", async () => {
  const settled = (exchange: number): Message => ({ type: "settled", exchange });
  await failsAcceptor([settled(1)], "theirs");
  await failsAcceptor([settled(2)], "ours");
  await failsAcceptor([offerOf(1), settled(3)], "theirs, later");
  await failsInitiator([WELCOME, settled(1)], "ours at the initiator");
  for (const number of [0, 1, 2, 2 ** 31, 2 ** 32 - 1]) {
    await using test = await SessionUnderTest.open({ initiator: false, onOpen });
    await test.peer.sendData(number, framed(16));
    await failed(test, `data of ${number}`);
    await using other = await SessionUnderTest.open({ initiator: true });
    await other.peer.send(WELCOME);
    await other.peer.sendData(number, framed(16));
    await failed(other, `data of ${number} at the initiator`);
  }
});

Deno.test("Session drops what still comes for an exchange that is over", async () => {
  await using test = await SessionUnderTest.open({
    initiator: false,
    onOpen: (exchange) => exchange.end(),
  });
  await test.peer.send(offerOf(1));
  await test.peer.send({ type: "settled", exchange: 1 });
  await test.peer.sendData(1, framed(16));
  await alive(test);
});

Deno.test("Session refuses the 17th exchange as busy, and takes one again when one is over", async () => {
  const taken: Exchange[] = [];
  await using test = await SessionUnderTest.open({
    initiator: false,
    onOpen: (exchange) => void taken.push(exchange),
  });
  const incoming = test.peer.incoming();
  for (let i = 0; i <= MAX_OPEN_EXCHANGES; i++) await test.peer.send(offerOf(2 * i + 1));
  const refusal = await next(incoming);
  assert.deepEqual([refusal.type, (refusal as Message<"refuse">).code], ["refuse", "busy"]);
  assert.equal((refusal as Message<"refuse">).exchange, 33);
  assert.deepEqual([MAX_OPEN_EXCHANGES, taken.length], [16, 16]);
  taken[3]!.end();
  await test.peer.send(offerOf(35));
  await alive(test, incoming);
  assert.equal(taken.at(-1)!.number, 35);
});

Deno.test("Session refuses every offer where nothing is received", async () => {
  await using test = await SessionUnderTest.open({ initiator: false });
  await test.peer.send(offerOf(1));
  const refusal = await next(test.peer.incoming());
  assert.deepEqual([refusal.type, (refusal as Message<"refuse">).code], ["refuse", "declined"]);
});

Deno.test("Session passes over messages of a later version, and refuses those that must be known", async () => {
  const taken: Exchange[] = [];
  await using test = await SessionUnderTest.open({
    initiator: false,
    onOpen: (exchange) => taken.push(exchange),
  });
  const { peer } = test;
  const send = (message: object) => peer.send(message as Message);
  const incoming = peer.incoming();
  for (const exchange of [undefined, 1, 2, 99]) await send({ type: "later", exchange });
  await send({ type: "later", must: true });
  await send({ type: "later", exchange: 101, must: true });
  const refusal = await next(incoming) as Message<"refuse">;
  assert.deepEqual([refusal.type, refusal.exchange, refusal.code], ["refuse", 101, "unknown"]);
  await send({ ...offerOf(103), later: 1 });
  await alive(test, incoming);
  const failing = assert.rejects(taken[0]!.receive(), { code: "refused" });
  await send({ type: "later", exchange: 103, must: true });
  const cancel = await next(incoming) as Message<"cancel">;
  assert.deepEqual([cancel.type, cancel.exchange, cancel.code], ["cancel", 103, "unknown"]);
  await failing;
  await send({ type: "settled", exchange: 101 }); // It used its number up.
  await alive(test, incoming);
});

Deno.test("Session fails for data that was not granted", async () => {
  await using test = await SessionUnderTest.open({ initiator: false, onOpen: accept });
  await begin(test, 1);
  sendChunks(test, WINDOW_CHUNKS + 1);
  assert.match(await failed(test), /more than it was granted/);
});

Deno.test("Session fails for data and credit of an exchange that was not accepted", async () => {
  const openings: Message[] = [
    offerOf(1),
    { type: "relay", exchange: 1, transfer: OFFER.transfer, size: 5, receivers: 1, ahead: false },
    { type: "join", exchange: 1, keep: true },
    { type: "list", exchange: 1 },
  ];
  for (const opening of openings) {
    for (const acceptance of [onOpen, accept]) {
      await using test = await SessionUnderTest.open({ initiator: false, onOpen: acceptance });
      await test.peer.send(opening);
      await test.peer.sendData(1, framed(16));
      assert.match(await failed(test, opening.type), /data before a run/);
    }
    await using test = await SessionUnderTest.open({ initiator: false, onOpen });
    await test.peer.send(opening);
    await test.peer.send({ type: "credit", exchange: 1, bytes: 1, wider: 0 });
    assert.match(await failed(test, opening.type), /"credit" before an "accept"/);
  }
});

Deno.test("Session waits with its first chunks where all of the process hold too many", async () => {
  const memory = new ChunkMemory(2 * SEALED_CHUNK_BYTES);
  const held = await Promise.all([1, 2, 3].map(async () => {
    const exchanges: Exchange[] = [];
    const test = await SessionUnderTest.open({
      ...{ initiator: false, memory },
      onOpen: (exchange) => (exchanges.push(exchange), accept(exchange)),
    });
    await begin(test, 1);
    sendChunks(test, WINDOW_CHUNKS);
    return { test, exchanges };
  }));
  await eventually(() => assert.ok(memory.isFull));
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve));
  const most = 2 + held.length; // Of each session one is in its hands.
  assert.ok(memory.bytes <= most * SEALED_CHUNK_BYTES, `${memory.bytes} bytes`);
  await Promise.all(held.map(async ({ exchanges: [exchange] }) => {
    const reader = exchange!.data.getReader();
    for (let read = 0; read < WINDOW_CHUNKS; read++) await reader.read();
  }));
  assert.equal(memory.bytes, 0);
  for (const { test } of held) await test[Symbol.asyncDispose]();
});

Deno.test("an exchange that is over holds nothing", async () => {
  const memory = new ChunkMemory(Infinity);
  const exchanges: Exchange[] = [];
  await using test = await SessionUnderTest.open({
    ...{ initiator: false, memory },
    onOpen: (exchange) => (exchanges.push(exchange), accept(exchange)),
  });
  await begin(test, 1);
  sendChunks(test, 2);
  await eventually(() => assert.equal(memory.bytes, 2 * SEALED_CHUNK_BYTES));
  exchanges[0]!.end();
  assert.equal(memory.bytes, 0);
});

Deno.test("Session reads no further while what came for many is not put away, and goes on when it is", async () => {
  const { test, exchanges } = await crowded();
  await using _ = test;
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve));
  assert.ok(waiting(exchanges) <= MAX_WAITING_BYTES + SEALED_CHUNK_BYTES);
  const incoming = test.peer.incoming();
  const asking = test.peer.send({ type: "ping" }); // It waits behind them.
  for (const { data } of exchanges) {
    const reader = data.getReader();
    for (let read = 0; read < WINDOW_CHUNKS; read++) await reader.read();
  }
  let answer = await next(incoming);
  while (["accept", "credit"].includes(answer.type)) answer = await next(incoming);
  assert.equal(answer.type, "pong");
  await asking;
});

Deno.test("Session reads on where nobody will put it away any more", async () => {
  const ways: ((exchange: Exchange) => unknown)[] = [
    (exchange) => exchange.end(),
    (exchange) => exchange.data.cancel(),
  ];
  for (const give of ways) {
    const { test, exchanges } = await crowded();
    await using _ = test;
    exchanges.forEach(give);
    const incoming = test.peer.incoming();
    for (let i = 0; i < 2; i++) assert.equal((await next(incoming)).type, "accept");
    await alive(test, incoming);
  }
  const { test } = await crowded();
  await test[Symbol.asyncDispose](); // It would wait for ever.
});

Deno.test("Session fails for anything in front of welcome, and for one that is not due", async () => {
  await failsInitiator([{ type: "ping" }], "a ping first");
  await failsInitiator([offerOf(2)], "an offer first");
  await failsInitiator([WELCOME, WELCOME], "two");
  await failsAcceptor([WELCOME], "from the initiator");
  await using test = await SessionUnderTest.open({ initiator: true });
  await test.peer.sendData(1, framed(16));
  await failed(test, "data first");
  await assert.rejects(test.session.welcomed, { code: "protocol" });
});

Deno.test("Session answers ping with pong", async () => {
  await using test = await SessionUnderTest.open({ initiator: false });
  await alive(test);
});

Deno.test("Session fails for a peer that asks for more answers than can leave", async () => {
  await using test = await SessionUnderTest.open({ initiator: false });
  let isOver = false;
  const failing = assert.rejects(test.session.closed, { code: "protocol", message: /64 answers/ })
    .finally(() => isOver = true);
  // The peer reads nothing, and this is more than the system holds of it.
  const filling = Array.from({ length: 4 }, async () => {
    const exchange = test.session.open();
    await test.peer.send({ ...ACCEPT, exchange: exchange.number });
    await fill(exchange);
  });
  while (!isOver) await test.peer.send({ type: "ping" }).catch(() => {});
  await failing;
  await Promise.all(filling);
});

Deno.test("Session maps the code of goodbye to an error, for everybody who waits", async () => {
  const expected: Record<typeof GOODBYE_CODES[number], string> = {
    bye: "connection",
    refused: "refused",
    protocol: "connection",
    busy: "connection",
    shutdown: "connection",
    replaced: "refused",
  };
  for (const code of GOODBYE_CODES) {
    await using test = await SessionUnderTest.open({ initiator: true });
    await test.peer.send(WELCOME);
    await test.session.welcomed;
    const exchange = test.session.open();
    const receiving = assert.rejects(exchange.receive(), { code: expected[code] }, code);
    await test.peer.close({ type: "goodbye", code, reason: "the reason" });
    await receiving;
    if (code === "bye") await test.session.closed;
    else await assert.rejects(test.session.closed, { code: expected[code], message: /the reason/ });
    assert.throws(() => test.session.open(), { code: expected[code] });
  }
});

Deno.test("Session.welcomed rejects with the reason of a refusal", async () => {
  await using test = await SessionUnderTest.open({ initiator: true });
  await test.peer.close({ type: "goodbye", code: "refused", reason: "not on the list" });
  await assert.rejects(test.session.welcomed, { code: "refused", message: "not on the list" });
});

Deno.test("Session takes an end without goodbye for a lost connection", async () => {
  await using test = await SessionUnderTest.open({ initiator: false, onOpen });
  await test.peer.send(offerOf(1));
  test.peer.abort();
  await assert.rejects(test.session.closed, {
    code: "connection",
    message: "the connection was lost",
  });
  await using pair = await SessionPair.open();
  pair.initiator.abort();
  await assert.rejects(pair.acceptor.closed, { code: "connection" });
  await assert.rejects(pair.initiator.closed, { code: "connection" });
});

Deno.test("Session.goodbye ends both sides, once", async () => {
  await using pair = await SessionPair.open();
  const waiting = assert.rejects(pair.initiator.open().receive(), { code: "connection" });
  await Promise.all([pair.acceptor.goodbye("bye", ""), pair.acceptor.goodbye("shutdown", "")]);
  await Promise.all([pair.acceptor.closed, pair.initiator.closed]);
  await waiting;
});

Deno.test("Session.goodbye shortens a reason that is too long", async () => {
  await using pair = await SessionPair.open();
  await pair.acceptor.goodbye("refused", "x".repeat(40_000));
  await assert.rejects(pair.initiator.closed, { code: "refused", message: "x".repeat(500) });
});

Deno.test("Session tells a peer that breaks the protocol why, past what it has sent and nobody read", async () => {
  await using test = await SessionUnderTest.open({ initiator: false, onOpen });
  await test.peer.send({ type: "settled", exchange: 9 });
  const flood = floodFrom(test);
  const goodbye = await next(test.peer.incoming());
  assert.deepEqual(goodbye, {
    type: "goodbye",
    code: "protocol",
    reason: "exchange 9 was never opened",
  });
  test.peer.abort();
  await assert.rejects(test.session.closed, { code: "protocol" });
  await flood;
});

Deno.test("Session.goodbye reaches a peer that is sending", async () => {
  await using test = await SessionUnderTest.open({ initiator: false, onOpen });
  await test.peer.send(offerOf(1));
  await test.peer.send({ type: "settled", exchange: 1 });
  const flood = floodFrom(test);
  const closing = test.session.goodbye("shutdown", "stopping");
  assert.equal((await next(test.peer.incoming())).type, "goodbye");
  test.peer.abort();
  await Promise.all([closing, flood, test.session.closed.catch(() => {})]);
});

Deno.test("Session pings when it has sent nothing for a while, and says pong when it has heard much", async () => {
  for (const [initiator, pingAfterMs] of [[true, 25_000], [false, 35_000]] as const) {
    const clock = new ManualClock();
    await using test = await SessionUnderTest.open({ initiator, clock });
    if (initiator) await test.peer.send(WELCOME);
    const incoming = test.peer.incoming();
    const exchange = test.session.open();
    for (let turn = 0; turn < 3; turn++) {
      await test.peer.send({ type: "settled", exchange: exchange.number });
      await exchange.receive();
      clock.advance(5_000);
      assert.equal((await next(incoming)).type, "pong");
    }
    clock.advance(pingAfterMs);
    assert.equal((await next(incoming)).type, "ping");
    await alive(test, incoming); // One was enough.
  }
});

Deno.test("Session gives up a peer that says nothing, and not one that does", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: false, clock });
  const incoming = test.peer.incoming();
  for (let turn = 0; turn < 60; turn++) {
    clock.advance(40_000);
    assert.equal((await next(incoming)).type, "ping");
    await alive(test, incoming);
  }
  clock.advance(35_000);
  assert.equal((await next(incoming)).type, "ping");
  clock.advance(16_000);
  await assert.rejects(test.session.closed, { code: "connection" });
});

Deno.test("Session.state tells with whom it is, for how long, and what each exchange waits for", async () => {
  const clock = new ManualClock();
  const offered = Promise.withResolvers<void>();
  await using pair = await SessionPair.open({
    ...{ clock, peer: "ana" },
    onOpen: () => offered.resolve(),
  });
  const { initiator, acceptor } = pair;
  assert.ok([...Session.live].includes(initiator));
  clock.advance(3_000);
  const exchange = initiator.open();
  await exchange.send({ type: "offer", ...OFFER });
  exchange.receive().catch(() => {});
  clock.advance(9_000);
  assert.deepEqual(initiator.state, {
    number: initiator.number,
    remoteAddress: { host: "127.0.0.1", port: 1 },
    peer: "the hub",
    openMs: 12_000,
    silentMs: 12_000,
    exchanges: [{ number: 1, topic: "offer", inFlight: 0, waitsFor: "message", waitMs: 9_000 }],
  });
  await offered.promise;
  assert.equal(acceptor.state.peer, "ana");
  assert.deepEqual(acceptor.state.exchanges.map(({ topic }) => topic), ["offer"]);
  await initiator.goodbye("bye", "");
  await Promise.all([initiator.closed, acceptor.closed]);
  assert.ok(![...Session.live].some((session) => [initiator, acceptor].includes(session)));
});

Deno.test("Exchange.stall grows while nothing moves in the session, whatever keeps it alive", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: false, clock, onOpen });
  const [first, second] = [test.session.open(), test.session.open()];
  assert.equal(first.stall, undefined);
  const waiting = first.receive();
  clock.advance(4_000);
  assert.deepEqual(first.stall, { for: "message", ms: 4_000 });
  await alive(test); // A ping and a pong are no move.
  assert.deepEqual(first.stall, { for: "message", ms: 4_000 });
  await test.peer.send({ type: "settled", exchange: second.number });
  await second.receive();
  assert.deepEqual(first.stall, { for: "message", ms: 0 });
  await test.peer.send({ type: "settled", exchange: first.number });
  await waiting;
  assert.equal(first.stall, undefined);
});

Deno.test("Session and Exchange trace what changes, without names and content", async () => {
  const events: TraceEvent[] = [];
  const take = (event: unknown) => void events.push(event as TraceEvent);
  for (const topic of ["session", "exchange"]) subscribe(`p2p:${topic}`, take);
  try {
    await using pair = await SessionPair.open({ peer: "ana", onOpen });
    const exchange = pair.initiator.open();
    await exchange.send({ type: "offer", ...OFFER });
    await exchange.send({ type: "cancel", code: "disk", reason: "it is full" });
    exchange.end();
    await pair.initiator.goodbye("bye", "");
    await Promise.all([pair.initiator.closed, pair.acceptor.closed]);
  } finally {
    for (const topic of ["session", "exchange"]) unsubscribe(`p2p:${topic}`, take);
  }
  const whats = events.filter(({ state }) => state).map(({ what }) => what);
  for (
    const what of ["handshake done", "session open", "offer sent", "offer received", "cancel sent"]
      .concat(["goodbye sent", "goodbye received", "session closed"])
  ) {
    assert.ok(whats.includes(what), what);
  }
  const told = JSON.stringify(events);
  for (const secret of ["ana", "the hub", "full", OFFER.name, OFFER.key, OFFER.transfer]) {
    assert.ok(!told.includes(secret), secret);
  }
});

function onOpen() {}

/** An acceptor that is told all that must fail, and say so. */
function failsAcceptor(messages: Message[], why: string) {
  return fails({ initiator: false, onOpen }, messages, why);
}

function failsInitiator(messages: Message[], why: string) {
  return fails({ initiator: true, onOpen }, messages, why);
}

async function fails(options: SessionOptions, messages: Message[], why: string) {
  await using test = await SessionUnderTest.open(options);
  for (const message of messages) await test.peer.send(message);
  await failed(test, why);
}

/** The session says goodbye with code `protocol`, and ends with that; the reason. */
async function failed({ peer, session }: SessionUnderTest, why?: string): Promise<string> {
  const incoming = peer.incoming();
  let last = await next(incoming);
  if (last.type === "accept") last = await next(incoming);
  const { code, reason } = last as Message<"goodbye">;
  assert.equal(code, "protocol", why);
  peer.abort();
  await assert.rejects(session.closed, { code: "protocol" }, why);
  return reason;
}

/** The session answers: nothing that came before has ended it. */
async function alive({ peer }: SessionUnderTest, incoming = peer.incoming()) {
  await peer.send({ type: "ping" });
  assert.deepEqual(await next(incoming), { type: "pong" });
}

/** A session that is sent a window of data for each of two exchanges, which are about to read it and do not. */
async function crowded() {
  const exchanges: Exchange[] = [];
  const onOpen = (exchange: Exchange) => (exchanges.push(exchange), accept(exchange));
  const test = await SessionUnderTest.open({ initiator: false, onOpen });
  for (const number of [1, 3]) {
    await begin(test, number);
    sendChunks(test, WINDOW_CHUNKS, number);
  }
  await eventually(() => assert.ok(waiting(exchanges) > MAX_WAITING_BYTES));
  return { test, exchanges };
}

/** Opens an exchange and begins a run in it, as if it had been accepted. */
async function begin({ peer }: SessionUnderTest, exchange: number) {
  await peer.send(offerOf(exchange));
  await peer.send({ type: "begin", exchange, offset: 0, salt: OFFER.key });
}

function accept(exchange: Exchange): Promise<void> {
  return exchange.accept({ offset: 0, digest: null });
}

function waiting(exchanges: Exchange[]): number {
  return exchanges.reduce((bytes, { waitingBytes }) => bytes + waitingBytes, 0);
}

function sendChunks({ peer }: SessionUnderTest, count: number, exchange = 1) {
  for (let sent = 0; sent < count; sent++) {
    const buffer = framed(SEALED_CHUNK_BYTES);
    peer.sendData(exchange, buffer).catch(() => {});
  }
}

/** Data of exchange 1 until the connection is gone. */
async function floodFrom({ peer }: SessionUnderTest) {
  try {
    while (true) await peer.sendData(1, framed(SEALED_CHUNK_BYTES));
  } catch {
    // That is how it ends.
  }
}

async function next(incoming: AsyncGenerator<Incoming>): Promise<Incoming> {
  const { value } = await incoming.next();
  assert.ok(value !== undefined, "the connection has ended");
  return value;
}

/** Sends as much as may be on its way. */
async function fill(exchange: Exchange) {
  const writer = exchange.writable.getWriter();
  try {
    for (let bytes = 0; bytes < WINDOW_BYTES; bytes += SEALED_CHUNK_BYTES) {
      await writer.write(framed(SEALED_CHUNK_BYTES));
    }
  } catch {
    // The session has failed.
  }
}

Deno.test("Session is lost within 2 s where its own address is gone from the machine", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: true, clock });
  Object.assign(test.channels.conn, { isStranded: true });
  clock.advance(2_000);
  await assert.rejects(test.session.closed, { code: "connection", message: /another address/ });
});

Deno.test("Session says that nothing came where it gives the other side up", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: true, clock });
  test.session.probe();
  clock.advance(60_000);
  await assert.rejects(test.session.closed, { detail: "silent", message: /nothing came for/ });
});

Deno.test("Session.probe asks only who has been silent for 5 s", async () => {
  const clock = new ManualClock();
  await using test = await SessionUnderTest.open({ initiator: false, clock });
  const incoming = test.peer.incoming();
  test.session.probe();
  clock.advance(4_000);
  await test.session.welcome("the hub");
  assert.equal((await next(incoming)).type, "welcome");
  clock.advance(1_000);
  test.session.probe();
  assert.equal((await next(incoming)).type, "ping");
});
