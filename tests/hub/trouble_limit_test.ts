import assert from "node:assert/strict";
import { TroubleLimit } from "../../src/hub/trouble_limit.ts";

Deno.test("TroubleLimit tells ten troubles of a network and a hundred of all, and counts the rest", () => {
  const limit = new TroubleLimit();
  const told = (addresses: string[]) => addresses.filter((one) => limit.mayTell(one)).length;
  assert.equal(told(Array(50).fill("192.0.2.1")), 10);
  assert.equal(told(["2001:db8::1", "2001:db8::2", ...Array(20).fill("2001:db8::3")]), 10);
  assert.equal(told(Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`)), 80);
  assert.equal(limit.reset(), 40 + 12 + 120);
  assert.equal(told(["192.0.2.1"]), 1);
  assert.equal(limit.reset(), 0);
});
