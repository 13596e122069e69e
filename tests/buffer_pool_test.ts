import assert from "node:assert/strict";
import { handOver, POOLED_BYTES, releaseBuffer, takeBuffer } from "../src/buffer_pool.ts";

Deno.test("takeBuffer gives as many bytes as were asked for", () => {
  const half = Math.ceil(POOLED_BYTES / 2);
  for (const length of [0, 1, half - 1, half, POOLED_BYTES - 1, POOLED_BYTES, POOLED_BYTES + 1]) {
    releaseBuffer(handOver(new Uint8Array(POOLED_BYTES)));
    assert.equal(takeBuffer(length).length, length);
  }
});

Deno.test("takeBuffer gives memory of releaseBuffer again, to one at a time", () => {
  const first = takeBuffer(POOLED_BYTES).fill(7);
  releaseBuffer(first);
  assert.throws(() => releaseBuffer(first), TypeError);
  const [second, third] = [takeBuffer(POOLED_BYTES), takeBuffer(POOLED_BYTES)];
  assert.equal(second[POOLED_BYTES - 1], 7);
  second.fill(1);
  third.fill(2);
  assert.ok(second.every((byte) => byte === 1));
});

Deno.test("releaseBuffer leaves nothing in the hands of who gave", () => {
  for (const bytes of [takeBuffer(POOLED_BYTES), new Uint8Array(1_000)]) {
    const view = bytes.subarray(4);
    releaseBuffer(handOver(view));
    assert.deepEqual([bytes.length, view.length], [0, 0]);
  }
});
