import assert from "node:assert/strict";
import { chunkOf } from "../../helpers/chunks.ts";
import { FAST_CHUNKS } from "../../../src/hub/relay/broadcast_pacer.ts";
import { TAIL_CHUNKS, TailBuffer } from "../../../src/hub/relay/tail_buffer.ts";
import { DATA_HEADROOM_BYTES } from "../../../src/protocol/channel.ts";
import { FLAGS_BYTES } from "../../../src/transport/chunk_flags.ts";

Deno.test("TailBuffer gives each chunk on once, with its memory, behind room for a header", () => {
  const tail = new TailBuffer();
  tail.follow();
  const chunk = chunkOf(100, { fill: 7 });
  tail.push(0, chunk);
  const taken = tail.take(0)!;
  assert.equal(taken.length, DATA_HEADROOM_BYTES + FLAGS_BYTES + 100);
  assert.deepEqual(taken.subarray(DATA_HEADROOM_BYTES), chunk);
  assert.equal(taken.buffer, chunk.buffer);
  assert.equal(tail.take(0), undefined);
});

Deno.test("TailBuffer keeps nothing for who does not follow, until that comes up to the upload", () => {
  const tail = new TailBuffer();
  const chunks = [0, 1, 2, 3].map(() => chunkOf());
  for (const at of [0, 1]) tail.push(at, chunks[at]!);
  assert.equal(tail.take(0), undefined);
  tail.push(2, chunks[2]!);
  assert.equal(tail.take(2), undefined);
  assert.ok(chunks.slice(0, 3).every(({ length }) => length === 0));
  tail.push(3, chunks[3]!);
  assert.ok(tail.take(3));
});

Deno.test("TailBuffer gives back what its receiver has passed by, and all where it goes", () => {
  const tail = new TailBuffer();
  tail.follow();
  const chunks = [0, 1, 2].map(() => chunkOf());
  for (const [at, chunk] of chunks.entries()) tail.push(at, chunk);
  tail.take(1);
  assert.deepEqual(chunks.map(({ length }) => length > 0), [false, true, true]);
  tail.end();
  assert.deepEqual(chunks.map(({ length }) => length > 0), [false, true, false]);
  assert.equal(tail.take(2), undefined);
});

Deno.test("TailBuffer has an upload wait for a receiver that takes, chunk by chunk", async () => {
  const tail = new TailBuffer();
  tail.follow();
  for (let at = 0; at < TAIL_CHUNKS - 1; at++) tail.push(at, chunkOf());
  await tail.room();
  for (let at = TAIL_CHUNKS - 1; at < 3 * FAST_CHUNKS; at++) {
    tail.push(at, chunkOf());
    let hasRoom = false;
    const room = tail.room().then(() => hasRoom = true);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    assert.equal(hasRoom, false);
    assert.ok(tail.take(at - TAIL_CHUNKS + 1));
    await room;
  }
  tail.end();
});

Deno.test("TailBuffer has an upload wait no longer for a receiver that is slow, stands still or goes", async () => {
  const fill = (tail: TailBuffer) => {
    for (let at = 0; at < TAIL_CHUNKS; at++) tail.push(at, chunkOf());
  };
  {
    const tail = new TailBuffer(); // It takes nothing at all.
    tail.follow();
    fill(tail);
    await tail.room();
    assert.equal(tail.take(0), undefined);
  }
  {
    const tail = new TailBuffer(); // It was fast, as far as it goes.
    tail.follow();
    for (let i = 0; i < 10_000; i++) {
      tail.push(i, chunkOf(100));
      tail.take(i);
    }
    fill(tail);
    await tail.room();
    assert.equal(tail.take(0), undefined);
  }
  {
    const tail = new TailBuffer();
    tail.follow();
    fill(tail);
    const room = tail.room();
    tail.end();
    await room;
  }
});
