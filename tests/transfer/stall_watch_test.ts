import assert from "node:assert/strict";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import type { Stalled, TransferEvent } from "../../src/transfer/events.ts";
import { StallWatch } from "../../src/transfer/stall_watch.ts";
import { eventually } from "../helpers/eventually.ts";
import { ManualClock } from "../helpers/manual_clock.ts";
import { beginRun, OFFER, SessionPair } from "../helpers/session_pair.ts";
import { framed } from "../helpers/chunks.ts";

const ABOUT = { transfer: OFFER.transfer, name: "photo.png", peer: "the receiver" };

Deno.test("StallWatch says once what does not come, and again only after something has moved", async () => {
  await using scene = await offered();
  const { clock, ours, theirs, stalls, told } = scene;
  stalls.missing = "no answer to the offer yet";
  const answer = ours.receive();
  await pass(clock, 4);
  assert.deepEqual(told, []);
  await pass(clock, 30);
  const stalled = { event: "stalled", transfer: OFFER.transfer, name: "photo.png", seconds: 5 };
  assert.deepEqual(told, [{ ...stalled, waitsFor: "no answer to the offer yet" }]);
  await theirs.accept({ offset: 0, digest: null });
  await answer;
  await pass(clock, 1);
  const next = ours.receive();
  await pass(clock, 6);
  assert.equal(told.length, 2);
  await theirs.send({ type: "settled" });
  await next;
});

Deno.test("StallWatch says nothing while no message is due, nothing is waited for, or it is over", async () => {
  await using scene = await offered();
  const { clock, ours, theirs, stalls, told } = scene;
  await pass(clock, 20);
  const answer = ours.receive();
  await pass(clock, 20); // The program itself has something to do first.
  await theirs.accept({ offset: 0, digest: null });
  await answer;
  stalls.missing = "no receipt yet";
  await pass(clock, 30);
  stalls[Symbol.dispose]();
  ours.receive().catch(() => {});
  await pass(clock, 30);
  assert.deepEqual(told, []);
});

Deno.test("StallWatch tells a sender of a receiver that grants no more, and a receiver of a sender that stops", async () => {
  await using scene = await offered();
  const { clock, ours, theirs, told } = scene;
  await beginRun(ours, theirs);
  const writer = ours.writable.getWriter();
  for (let sent = 0; sent + SEALED_CHUNK_BYTES <= WINDOW_BYTES; sent += SEALED_CHUNK_BYTES) {
    await writer.write(framed());
  }
  const late = writer.write(framed());
  await eventually(() => assert.equal(ours.wait?.for, "credit"));
  await pass(clock, 5);
  assert.match(told.at(-1)!.waitsFor, /^the receiver has granted no more \(3\.9 MB in flight\)$/);
  const atReceiver: Stalled[] = [];
  using _ = watch(theirs, { clock, told: atReceiver });
  const reader = theirs.data.getReader();
  let read = 0;
  const reading = (async () => {
    while (!(await reader.read()).done) read++;
  })();
  await late;
  await eventually(() => assert.deepEqual([read, theirs.wait?.for], [16, "data"]));
  await pass(clock, 6);
  assert.deepEqual(atReceiver.map(({ waitsFor }) => waitsFor), ["nothing comes from the receiver"]);
  await writer.close();
  await reading;
});

/** An exchange of a session in memory, which the other side has taken, and a watch over it. */
async function offered() {
  const clock = new ManualClock();
  const opened = Promise.withResolvers<Exchange>();
  const pair = await SessionPair.open({ clock, onOpen: (exchange) => opened.resolve(exchange) });
  const ours = pair.initiator.open();
  await ours.send({ type: "offer", ...OFFER });
  const theirs = await opened.promise;
  const told: Stalled[] = [];
  const stalls = watch(ours, { clock, told });
  return {
    ...{ clock, ours, theirs, told, stalls },
    async [Symbol.asyncDispose]() {
      stalls[Symbol.dispose]();
      await pair[Symbol.asyncDispose]();
    },
  };
}

/** Lets seconds pass one by one, so that both sides hear that the other one lives. */
async function pass(clock: ManualClock, seconds: number) {
  for (let passed = 0; passed < seconds; passed++) {
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function watch(exchange: Exchange, { clock, told }: { clock: ManualClock; told: Stalled[] }) {
  const report = (event: TransferEvent) => void (event.event === "stalled" && told.push(event));
  return new StallWatch(exchange, { ...ABOUT, clock, report });
}
