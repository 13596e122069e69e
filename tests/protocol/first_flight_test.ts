import assert from "node:assert/strict";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { ChunkMemory, flightsHeld } from "../../src/protocol/chunk_memory.ts";
import { FIRST_FLIGHT_CHUNKS, FirstFlight } from "../../src/protocol/first_flight.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { FLAGS_BYTES } from "../../src/transport/chunk_flags.ts";
import { chunkOf, framed } from "../helpers/chunks.ts";
import { eventually } from "../helpers/eventually.ts";
import { OFFER, SessionPair } from "../helpers/session_pair.ts";

const START = { offset: 0, digest: null };
const BEGIN = { type: "begin", exchange: 1, offset: 0, salt: OFFER.key } as const;

Deno.test("a first flight that is taken is the beginning of the run, at both ends", async () => {
  for (const isHere of [true, false]) {
    await using scene = await Scene.open();
    const { ours, theirs } = scene;
    if (!isHere) await theirs.accept(START); // It is on its way yet.
    await scene.fly(FIRST_FLIGHT_CHUNKS);
    if (isHere) await theirs.accept(START);
    assert.deepEqual(pick(await ours.receive()), { type: "accept", offset: 0, taken: true });
    assert.equal((await theirs.receive()).type, "begin");
    const rest = scene.write(30, FIRST_FLIGHT_CHUNKS);
    assert.deepEqual(await fillsOf(theirs), Array.from({ length: 34 }, (_, i) => i));
    await rest;
    assert.equal(flightsHeld.bytes, 0);
  }
});

Deno.test("a first flight goes no further than four chunks, and waits for the answer to the offer", async () => {
  await using scene = await Scene.open();
  const { ours } = scene;
  await scene.fly(FIRST_FLIGHT_CHUNKS);
  const fifth = ours.writable.getWriter().write(framed(SEALED_CHUNK_BYTES));
  fifth.catch(() => {}); // The scene ends before.
  const answer = ours.receive();
  answer.catch(() => {}); // As above.
  await eventually(() => assert.equal(scene.heldChunks, FIRST_FLIGHT_CHUNKS));
  assert.equal(ours.inFlight, FIRST_FLIGHT_CHUNKS * SEALED_CHUNK_BYTES);
  assert.equal(ours.wait?.for, "message");
});

Deno.test("a first flight that was dropped comes again, and nothing of it is in the run", async () => {
  const ways: ((exchange: Exchange) => Promise<void>)[] = [
    (exchange) => exchange.accept({ offset: 262_144, digest: "0".repeat(64) }),
    (exchange) => (exchange.dropAhead(), exchange.accept(START)),
  ];
  for (const accept of ways) {
    for (const isHere of [true, false]) {
      await using scene = await Scene.open();
      const { ours, theirs } = scene;
      if (!isHere) await accept(theirs);
      await scene.fly(2);
      await ours.send({ type: "end" });
      if (isHere) await accept(theirs);
      assert.equal((await ours.receive() as Message<"accept">).taken, false);
      assert.equal(flightsHeld.bytes, 0);
      await ours.send({ type: "begin", offset: 0, salt: OFFER.key });
      assert.equal((await theirs.receive()).type, "begin");
      const all = scene.write(20);
      assert.deepEqual(await fillsOf(theirs), Array.from({ length: 20 }, (_, i) => i));
      await all;
    }
  }
});

Deno.test("what is still written of a first flight that was not taken does not leave", async () => {
  await using scene = await Scene.open();
  const { ours, theirs } = scene;
  await ours.send({ type: "begin", offset: 0, salt: OFFER.key });
  const stale = scene.write(9, 100);
  await eventually(() => assert.equal(scene.heldChunks, FIRST_FLIGHT_CHUNKS));
  theirs.dropAhead();
  await theirs.accept(START);
  await ours.receive();
  await stale;
  await ours.send({ type: "begin", offset: 0, salt: OFFER.key });
  const all = scene.write(3);
  assert.deepEqual(await fillsOf(theirs), [0, 1, 2]);
  await all;
});

Deno.test("an answer that is no accept ends the first flight at both ends", async () => {
  const receipt = { savedAs: "a", sha256: "ab".repeat(32), bytes: 1 };
  const answers: Parameters<Exchange["send"]>[0][] = [
    { type: "refuse", code: "kind", reason: "" },
    { type: "already", ...receipt },
    { type: "receipt", ...receipt, resumedAt: 0, missing: undefined, renamed: undefined },
    { type: "stored", until: 5 },
  ];
  for (const answer of answers) {
    await using scene = await Scene.open();
    const { ours, theirs } = scene;
    await ours.send({ type: "begin", offset: 0, salt: OFFER.key });
    const writing = scene.write(9);
    await eventually(() => assert.equal(scene.heldChunks, FIRST_FLIGHT_CHUNKS));
    await theirs.send(answer);
    assert.equal(flightsHeld.bytes, 0, answer.type);
    await ours.receive();
    await writing;
    await ours.send({ type: "settled" });
    assert.equal((await theirs.receive()).type, "settled");
  }
});

Deno.test("FirstFlight refuses what is no first flight", () => {
  const flight = () => new FirstFlight(1, new ChunkMemory(Infinity));
  assert.throws(() => flight().push(chunkOf()), { code: "protocol", message: /before a run/ });
  assert.throws(() => flight().begin({ ...BEGIN, offset: 262_144 }), { code: "protocol" });
  const ended = flight();
  ended.begin(BEGIN);
  ended.push(chunkOf(100));
  assert.throws(() => ended.push(chunkOf()), { code: "protocol", message: /after its end/ });
  for (const drop of [(it: FirstFlight) => it.drop(), () => {}]) {
    const full = flight();
    full.begin(BEGIN);
    drop(full);
    for (let i = 0; i < FIRST_FLIGHT_CHUNKS; i++) full.push(chunkOf());
    assert.throws(() => full.push(chunkOf()), { code: "protocol", message: /more than it was/ });
  }
});

Deno.test("first flights of all share one bound, and what is over it is dropped", () => {
  const memory = new ChunkMemory(3 * SEALED_CHUNK_BYTES);
  const flights = Array.from({ length: 3 }, () => new FirstFlight(1, memory));
  for (const flight of flights) {
    flight.begin(BEGIN);
    for (let i = 0; i < 2; i++) flight.push(chunkOf(SEALED_CHUNK_BYTES));
  }
  assert.deepEqual(flights.map(({ isDropped }) => isDropped), [false, true, true]);
  assert.ok(memory.bytes <= 3 * SEALED_CHUNK_BYTES);
  flights[0]!.land();
  assert.equal(memory.bytes, 0);
});

/** An offer with a first flight, `ours` and `theirs` its two ends; `await using` ends all. */
class Scene implements AsyncDisposable {
  static async open(): Promise<Scene> {
    const opened = Promise.withResolvers<Exchange>();
    const pair = await SessionPair.open({ onOpen: (exchange) => opened.resolve(exchange) });
    const ours = pair.initiator.open();
    await ours.send({ type: "offer", ...OFFER, ahead: true });
    return new Scene(pair, ours, await opened.promise);
  }

  private constructor(
    readonly pair: SessionPair,
    readonly ours: Exchange,
    readonly theirs: Exchange,
  ) {}

  get heldChunks(): number {
    return Math.floor(flightsHeld.bytes / SEALED_CHUNK_BYTES);
  }

  /** Begins, and writes so many chunks, filled by their number. */
  async fly(chunks: number) {
    await this.ours.send({ type: "begin", offset: 0, salt: OFFER.key });
    const writer = this.ours.writable.getWriter();
    for (let i = 0; i < chunks; i++) await writer.write(framed(SEALED_CHUNK_BYTES, { fill: i }));
    writer.releaseLock();
  }

  /** Writes so many chunks, and the end. */
  async write(chunks: number, first = 0) {
    const all = Array.from(
      { length: chunks },
      (_, i) => framed(SEALED_CHUNK_BYTES, { fill: first + i }),
    );
    await ReadableStream.from(all).pipeTo(this.ours.writable);
  }

  async [Symbol.asyncDispose]() {
    this.theirs.end();
    await this.pair[Symbol.asyncDispose]();
  }
}

async function fillsOf({ data }: Exchange): Promise<number[]> {
  return (await Array.fromAsync(data)).map((chunk) => chunk[FLAGS_BYTES]!);
}

function pick(message: Message) {
  const { type, offset, taken } = message as Message<"accept">;
  return { type, offset, taken };
}
