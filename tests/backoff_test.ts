import assert from "node:assert/strict";
import { Backoff } from "../src/backoff.ts";

Deno.test("Backoff doubles its pauses up to the longest, and begins anew after a reset", () => {
  const backoff = new Backoff({ firstMs: 500, longestMs: 3_000 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [500, 1_000, 2_000, 3_000, 3_000]);
  backoff.reset();
  assert.deepEqual([1, 2].map(() => backoff.next()), [500, 1_000]);
});
