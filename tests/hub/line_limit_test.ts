import assert from "node:assert/strict";
import { LineLimit } from "../../src/hub/line_limit.ts";

Deno.test("LineLimit lets ten lines of a network and a hundred of all through, and counts the rest", () => {
  const limit = new LineLimit({ ofNetwork: 10, all: 100 });
  const told = (addresses: string[]) => addresses.filter((one) => limit.mayTell(one)).length;
  assert.equal(told(Array(50).fill("192.0.2.1")), 10);
  assert.equal(told(["2001:db8::1", "2001:db8::2", ...Array(20).fill("2001:db8::3")]), 10);
  assert.equal(told(Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`)), 80);
  assert.equal(limit.reset(), 40 + 12 + 120);
  assert.equal(told(["192.0.2.1"]), 1);
  assert.equal(limit.reset(), 0);
});
