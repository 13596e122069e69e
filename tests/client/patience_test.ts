import assert from "node:assert/strict";
import { Patience } from "../../src/client/patience.ts";

Deno.test("Patience gives growing pauses until it is over, and begins anew where something moved", () => {
  const patience = new Patience(60_000);
  assert.deepEqual([patience.next(), patience.next(), patience.next()], [500, 1_000, 2_000]);
  patience.moved();
  assert.equal(patience.next(), 500);
});

Deno.test("Patience ends before a pause that would be too long", () => {
  const patience = new Patience(600);
  assert.equal(patience.next(), 500);
  assert.equal(patience.next(), undefined);
  assert.equal(new Patience(0).next(), undefined);
});
