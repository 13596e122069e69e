import assert from "node:assert/strict";
import type { OwnedBytes } from "../../src/buffer_pool.ts";
import { systemClock } from "../../src/clock.ts";
import { P2pError } from "../../src/errors.ts";
import type { Channel } from "../../src/protocol/channel.ts";
import { ChunkMemory } from "../../src/protocol/chunk_memory.ts";
import { chunkOf, framed } from "../helpers/chunks.ts";
import { Exchange } from "../../src/protocol/exchange.ts";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import type { Message, Opening } from "../../src/protocol/messages.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

const CHUNKS_PER_WINDOW = Math.floor(WINDOW_BYTES / SEALED_CHUNK_BYTES);
const CANCEL = { type: "cancel", code: "disk", reason: "full" } as const;

Deno.test("Exchange.send fills in the number", async () => {
  const { exchange, sent } = start();
  await exchange.send({ type: "settled" });
  assert.deepEqual(sent, [{ type: "settled", exchange: 5 }]);
});

Deno.test("Exchange.receive gives messages in their order, those that wait and those that come", async () => {
  const { exchange } = start();
  const messages = [1, 2, 3].map((until) => ({ type: "stored", exchange: 5, until }) as Message);
  exchange.pushMessage(messages[0]!);
  exchange.pushMessage(messages[1]!);
  assert.deepEqual([await exchange.receive(), await exchange.receive()], messages.slice(0, 2));
  const waiting = exchange.receive();
  exchange.pushMessage(messages[2]!);
  assert.deepEqual(await waiting, messages[2]);
});

Deno.test("Exchange.receive gives each of several who wait a message of its own, in their order", async () => {
  const { exchange } = start();
  const messages = [1, 2, 3].map((until) => ({ type: "stored", exchange: 5, until }) as Message);
  const together = [exchange.receive(), exchange.receive()];
  exchange.pushMessage(messages[0]!);
  exchange.pushMessage(messages[1]!);
  assert.deepEqual(await Promise.all(together), messages.slice(0, 2));
  const apart = [exchange.receive(), exchange.receive()];
  exchange.pushMessage(messages[2]!);
  assert.deepEqual(await apart[0], messages[2]);
  exchange.pushMessage(messages[0]!);
  assert.deepEqual(await apart[1], messages[0]);
  const failing = [exchange.receive(), exchange.receive()];
  exchange.end();
  for (const waiting of failing) await assert.rejects(waiting, { code: "connection" });
});

Deno.test("Exchange.wait says what its users wait for, and since when", async () => {
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const { exchange } = running(() => gate.promise, clock);
  assert.equal(exchange.wait, undefined);
  clock.advance(1_000);
  const message = exchange.receive();
  assert.deepEqual(exchange.wait, { for: "message", since: 1_000 });
  clock.advance(1_000);
  const reader = exchange.data.getReader();
  const chunk = reader.read();
  await turn();
  assert.deepEqual(exchange.wait, { for: "data", since: 2_000 });
  clock.advance(1_000);
  const writer = exchange.writable.getWriter();
  const writes = Array.from(
    { length: CHUNKS_PER_WINDOW + 1 },
    (_, i) => writer.write(framed(SEALED_CHUNK_BYTES, { fill: i })),
  );
  await turn();
  assert.deepEqual(exchange.wait, { for: "connection", since: 3_000 });
  clock.advance(1_000);
  gate.resolve();
  await turn();
  assert.deepEqual(exchange.wait, { for: "credit", since: 4_000 });
  assert.equal(exchange.inFlight, CHUNKS_PER_WINDOW * SEALED_CHUNK_BYTES);
  exchange.pushMessage({ type: "credit", exchange: 5, bytes: WINDOW_BYTES, wider: 0 });
  await Promise.all(writes);
  exchange.pushChunk(full(1));
  await chunk;
  assert.deepEqual(exchange.wait, { for: "message", since: 1_000 });
  exchange.pushMessage({ type: "settled", exchange: 5 });
  await message;
  assert.equal(exchange.wait, undefined);
});

Deno.test("Exchange.receive gives what came before the failure, then the failure", async () => {
  const { exchange } = start();
  const failure = new P2pError("connection", "gone");
  exchange.pushMessage({ type: "settled", exchange: 5 });
  exchange.fail(failure);
  assert.equal((await exchange.receive()).type, "settled");
  await assert.rejects(exchange.receive(), failure);
});

Deno.test("Exchange refuses to hold more than 64 messages that nobody reads", () => {
  const { exchange } = running();
  for (let i = 0; i < 64; i++) exchange.pushMessage({ type: "settled", exchange: 5 });
  assert.throws(() => exchange.pushMessage({ type: "settled", exchange: 5 }), { code: "protocol" });
  exchange.pushMessage({ type: "credit", exchange: 5, bytes: 1, wider: 0 });
});

Deno.test("Exchange.data gives chunks to the end message", async () => {
  const { exchange } = running();
  const chunks = [full(1), full(2), short(3)];
  chunks.forEach((chunk) => exchange.pushChunk(chunk));
  exchange.pushMessage({ type: "end", exchange: 5 });
  assert.deepEqual(await Array.fromAsync(exchange.data), chunks);
});

Deno.test("Exchange.data errors where the session ends before, after what came", async () => {
  const { exchange } = running();
  const failure = new P2pError("connection", "gone");
  exchange.pushChunk(full(1));
  exchange.fail(failure);
  const reader = exchange.data.getReader();
  assert.deepEqual((await reader.read()).value, full(1));
  await assert.rejects(reader.read(), failure);
});

Deno.test("Exchange refuses a run and data that it has not accepted, and a second run", () => {
  const begin = { type: "begin", exchange: 5, offset: 0, salt: "" } as const;
  const run = { type: "run", exchange: 5, offset: 0, start: 0, salt: "" } as const;
  for (const message of [begin, run]) {
    const { exchange } = start();
    assert.throws(() => exchange.pushMessage(message), { code: "protocol" });
    assert.throws(() => exchange.pushChunk(short(1)), { code: "protocol" });
    exchange.accept({ offset: 0, digest: null });
    assert.throws(() => exchange.pushChunk(short(1)), { code: "protocol" });
    exchange.pushMessage(message);
    assert.throws(() => exchange.pushMessage(message), { code: "protocol" });
    exchange.pushChunk(short(1));
  }
});

Deno.test("Exchange.writable sends nothing before an accept, which says how much may go", async () => {
  const { exchange, data } = start();
  assert.throws(() => exchange.pushMessage({ type: "credit", exchange: 5, bytes: 9, wider: 0 }), {
    code: "protocol",
  });
  const writer = exchange.writable.getWriter();
  const writes = [1, 2].map((fill) => writer.write(framed(SEALED_CHUNK_BYTES, { fill })));
  await turn();
  assert.equal(data.length, 0);
  const credit = SEALED_CHUNK_BYTES;
  exchange.pushMessage({
    type: "accept",
    exchange: 5,
    offset: 0,
    digest: null,
    credit,
    taken: false,
  });
  await turn();
  assert.equal(data.length, 1);
  exchange.pushMessage({ type: "credit", exchange: 5, bytes: credit, wider: 0 });
  await Promise.all(writes);
});

Deno.test("Exchange refuses data after its end, and after a short chunk", () => {
  const ended = running().exchange;
  ended.pushMessage({ type: "end", exchange: 5 });
  assert.throws(() => ended.pushChunk(full(1)), { code: "protocol" });
  const last = running().exchange;
  last.pushChunk(short(1));
  assert.throws(() => last.pushChunk(short(2)), { code: "protocol" });
});

Deno.test("Exchange refuses more data than it granted, by one chunk", () => {
  const { exchange } = running();
  for (let i = 0; i < CHUNKS_PER_WINDOW; i++) exchange.pushChunk(full(i));
  assert.throws(() => exchange.pushChunk(full(0)), { code: "protocol" });
});

Deno.test("Exchange grants what was read, and takes no more than that", async () => {
  const { exchange, sent } = running();
  for (let i = 0; i < CHUNKS_PER_WINDOW; i++) exchange.pushChunk(full(i));
  assert.deepEqual(sent, []);
  const reader = exchange.data.getReader();
  for (let i = 0; i < CHUNKS_PER_WINDOW; i++) await reader.read();
  const granted = sent.reduce((sum, message) => sum + (message as Message<"credit">).bytes, 0);
  assert.deepEqual([...new Set(sent.map(({ type }) => type))], ["credit"]);
  assert.ok(granted > 0 && granted <= CHUNKS_PER_WINDOW * SEALED_CHUNK_BYTES);
  const room = Math.floor((WINDOW_BYTES + granted) / SEALED_CHUNK_BYTES) - CHUNKS_PER_WINDOW;
  for (let i = 0; i < room; i++) exchange.pushChunk(full(i));
  assert.throws(() => exchange.pushChunk(full(0)), { code: "protocol" });
});

Deno.test("Exchange.writable sends a window and no more, and goes on with credit", async () => {
  const { exchange, data } = running();
  const writer = exchange.writable.getWriter();
  const writes = Array.from(
    { length: CHUNKS_PER_WINDOW + 2 },
    (_, i) => writer.write(framed(SEALED_CHUNK_BYTES, { fill: i })),
  );
  await Promise.all(writes.slice(0, CHUNKS_PER_WINDOW));
  await turn();
  assert.equal(data.length, CHUNKS_PER_WINDOW);
  const left = WINDOW_BYTES - CHUNKS_PER_WINDOW * SEALED_CHUNK_BYTES;
  exchange.pushMessage({
    type: "credit",
    exchange: 5,
    bytes: SEALED_CHUNK_BYTES - left - 1,
    wider: 0,
  });
  await turn();
  assert.equal(data.length, CHUNKS_PER_WINDOW);
  exchange.pushMessage({ type: "credit", exchange: 5, bytes: 1, wider: 0 });
  await writes[CHUNKS_PER_WINDOW];
  await turn();
  assert.equal(data.length, CHUNKS_PER_WINDOW + 1);
  exchange.pushMessage({ type: "credit", exchange: 5, bytes: SEALED_CHUNK_BYTES, wider: 0 });
  await Promise.all(writes);
});

Deno.test("Exchange widens the window of somebody far away who fills it, and counts that as no progress", async () => {
  const clock = new ManualClock();
  const { exchange, sent } = start(() => Promise.resolve(), clock);
  exchange.accept({ offset: 0, digest: null });
  exchange.pushMessage({ type: "begin", exchange: 5, offset: 0, salt: "" });
  const reader = exchange.data.getReader();
  clock.advance(150);
  for (let i = 0; i < 17; i++) {
    exchange.pushChunk(full(i));
    await reader.read();
  }
  const wider = sent.map((message) => message.type === "credit" ? message.wider : 0);
  assert.equal(Math.max(...wider), WINDOW_BYTES);
  const room = 2 * WINDOW_BYTES - 2 * SEALED_CHUNK_BYTES;
  for (let bytes = 0; bytes < room; bytes += SEALED_CHUNK_BYTES) exchange.pushChunk(full(0));
  const other = running().exchange;
  await other.writable.getWriter().write(framed(SEALED_CHUNK_BYTES));
  other.pushMessage({ type: "credit", exchange: 5, bytes: WINDOW_BYTES, wider: WINDOW_BYTES });
  assert.deepEqual([other.chunksTaken, other.inFlight], [0, SEALED_CHUNK_BYTES]);
  other.pushMessage({ type: "credit", exchange: 5, bytes: SEALED_CHUNK_BYTES, wider: 0 });
  assert.deepEqual([other.chunksTaken, other.inFlight], [1, 0]);
});

Deno.test("Exchange takes no word that all is delivered before it has said so itself", async () => {
  const receipt = { savedAs: "a", sha256: "ab".repeat(32), bytes: 1, resumedAt: 0 };
  const words = [
    { type: "receipt", exchange: 5, ...receipt, missing: undefined, renamed: undefined },
    { type: "answer", exchange: 5, code: "delivered", sealed: null },
  ] as const;
  for (const word of words) {
    start().exchange.pushMessage(word); // It was here before.
    const { exchange } = running();
    assert.throws(() => exchange.pushMessage(word), {
      code: "protocol",
      message: /before the end/,
    });
    exchange.pushMessage({ type: "answer", exchange: 5, code: "kind", sealed: null });
    const done = running().exchange;
    await done.writable.close();
    done.pushMessage(word);
  }
});

Deno.test("Exchange takes no envelope behind the content", () => {
  const { exchange } = start(undefined, undefined, {
    ...{
      type: "relay",
      exchange: 5,
      transfer: "ab".repeat(16),
      size: 5,
      receivers: 1,
      ahead: true,
    },
  });
  exchange.pushMessage({ type: "begin", exchange: 5, offset: 0, salt: "" });
  const envelope = { type: "envelope", exchange: 5, to: "bo", sealed: "" } as const;
  assert.throws(() => exchange.pushMessage(envelope), { code: "protocol" });
});

Deno.test("Exchange.writable has one chunk at the socket at a time", async () => {
  const gate = Promise.withResolvers<void>();
  const { exchange, data } = running(() => gate.promise);
  const writer = exchange.writable.getWriter();
  const writes = [
    writer.write(framed(SEALED_CHUNK_BYTES, { fill: 1 })),
    writer.write(framed(SEALED_CHUNK_BYTES, { fill: 2 })),
  ];
  await turn();
  assert.equal(data.length, 1);
  gate.resolve();
  await Promise.all(writes);
  assert.equal(data.length, 2);
});

Deno.test("Exchange.writable says end when it is closed", async () => {
  const { exchange, sent } = start();
  await exchange.writable.close();
  assert.deepEqual(sent, [{ type: "end", exchange: 5 }]);
});

Deno.test("Exchange.writable ends with the session, also where it waits for credit", async () => {
  const { exchange } = start();
  const failure = new P2pError("connection", "gone");
  const piping = endless().pipeTo(exchange.writable);
  await turn();
  exchange.fail(failure);
  await assert.rejects(piping, failure);
});

Deno.test("Exchange.writable can be aborted after a cancel of either side, without credit", async () => {
  for (const cancelled of ["by us", "by them"]) {
    const { exchange, data, sent } = running();
    const stop = new AbortController();
    const piping = endless().pipeTo(exchange.writable, { signal: stop.signal });
    await turn();
    const before = data.length;
    stop.abort(new Error("stop"));
    if (cancelled === "by us") await exchange.send(CANCEL);
    else exchange.pushMessage({ ...CANCEL, exchange: 5 });
    await assert.rejects(piping, { message: "stop" }, cancelled);
    assert.equal(data.length, before);
    assert.ok(sent.every(({ type }) => type !== "end"));
  }
});

Deno.test("Exchange.writable says no end after a cancel", async () => {
  const { exchange, sent } = start();
  await exchange.send(CANCEL);
  await exchange.writable.close();
  assert.deepEqual(sent.map(({ type }) => type), ["cancel"]);
});

Deno.test("Exchange holds chunks for who reads them, and none where nobody will", async () => {
  for (const give of [({ data }: Exchange) => data.cancel(), (it: Exchange) => it.send(CANCEL)]) {
    const { exchange } = running();
    exchange.pushChunk(full(1));
    assert.equal(exchange.waitingBytes, SEALED_CHUNK_BYTES);
    await give(exchange);
    exchange.pushChunk(full(2));
    assert.equal(exchange.waitingBytes, 0);
  }
});

Deno.test("Exchange.end ends every wait, and is told to the session", async () => {
  const { exchange, ended } = start();
  const waiting = exchange.receive();
  exchange.end();
  await assert.rejects(waiting, { code: "connection" });
  assert.equal(ended.count, 1);
});

/** An exchange of number 5, and what it gives to its channel. */
function start(
  sendData: () => Promise<void> = () => Promise.resolve(),
  clock = systemClock,
  opening?: Opening,
) {
  const sent: Message[] = [];
  const data: Uint8Array[] = [];
  const ended = { count: 0 };
  const channel = {
    send: (message: Message) => Promise.resolve(void sent.push(message)),
    sendData: (_: number, buffer: Uint8Array) => (data.push(buffer), sendData()),
  } as unknown as Channel;
  const exchange = new Exchange(5, {
    ...{ session: 1, channel, clock, opening, memory: new ChunkMemory(Infinity) },
    onTaken() {},
    onEnd: () => ended.count++,
  });
  return { exchange, sent, data, ended };
}

/** The same, once both sides have accepted a run and the other one has begun it. */
function running(...how: Parameters<typeof start>) {
  const started = start(...how);
  const { exchange, sent } = started;
  const place = { offset: 0, digest: null };
  exchange.accept(place);
  assert.deepEqual(sent.splice(0), [{
    ...{ type: "accept", ...place, credit: WINDOW_BYTES, taken: false, exchange: 5 },
  }]);
  exchange.pushMessage({ type: "begin", exchange: 5, offset: 0, salt: "" });
  exchange.pushMessage({
    ...{ type: "accept", exchange: 5, ...place, credit: WINDOW_BYTES, taken: false },
  });
  // Whoever has accepted and begun has read both.
  exchange.receive();
  exchange.receive();
  return started;
}

/** Chunks without an end. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(framed(SEALED_CHUNK_BYTES, { fill: 1 })),
  });
}

function full(fill: number): OwnedBytes {
  return chunkOf(SEALED_CHUNK_BYTES, { fill });
}

function short(fill: number): OwnedBytes {
  return chunkOf(SEALED_CHUNK_BYTES - 1, { fill });
}

/** Nothing but promises is at work: all that can happen has happened when the next timer fires. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
