import assert from "node:assert/strict";
import { framed } from "../../helpers/chunks.ts";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { GrantedProgress } from "../../../src/transfer/send/granted_progress.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual_clock.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import { beginRun, OFFER, SessionPair } from "../../helpers/session_pair.ts";

Deno.test("GrantedProgress tells what the other side has read, and nothing of what was written", async () => {
  const opened = Promise.withResolvers<Exchange>();
  await using pair = await SessionPair.open({ onOpen: (exchange) => opened.resolve(exchange) });
  const seen: number[] = [];
  const ours = pair.initiator.open();
  await ours.send({ type: "offer", ...OFFER });
  const theirs = await opened.promise;
  using progress = new GrantedProgress(ours, {
    source: { name: "a", size: 6 * CHUNK_BYTES - 1 },
    transfer: "00".repeat(16),
    offset: CHUNK_BYTES,
    report: (event) => event.event === "progress" && seen.push(event.bytes),
  });
  await beginRun(ours, theirs);
  const writer = ours.writable.getWriter();
  for (let i = 0; i < 4; i++) {
    await writer.write(framed());
  }
  assert.deepEqual(seen, [CHUNK_BYTES], "where it went on from");
  const reader = theirs.data.getReader();
  for (let i = 0; i < 4; i++) await reader.read();
  await eventually(() => assert.ok(ours.chunksTaken >= 2, "no credit"));
  progress.end(7 * CHUNK_BYTES);
  assert.equal(seen.at(-1), 6 * CHUNK_BYTES - 1);
});

Deno.test("what is less than a step of credit is granted when nothing else was said for 5 s", async () => {
  const clock = new ManualClock();
  const opened = Promise.withResolvers<Exchange>();
  await using pair = await SessionPair.open({
    clock,
    onOpen: (exchange) => opened.resolve(exchange),
  });
  const ours = pair.initiator.open();
  await ours.send({ type: "offer", ...OFFER });
  const theirs = await opened.promise;
  await beginRun(ours, theirs);
  const writer = ours.writable.getWriter();
  await writer.write(framed());
  await theirs.data.getReader().read();
  clock.advance(4_000);
  assert.equal(ours.chunksTaken, 0);
  clock.advance(2_000);
  await eventually(() => assert.equal(ours.chunksTaken, 1));
});
