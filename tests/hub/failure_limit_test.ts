import assert from "node:assert/strict";
import { FailureLimit, networkOf, tooMany } from "../../src/hub/failure_limit.ts";

const right = () => Promise.resolve(true);
const wrong = () => Promise.resolve(false);

Deno.test("FailureLimit runs five wrong attempts of a network within a minute, and says how long to wait", async () => {
  let now = 0;
  const limit = new FailureLimit({ now: () => now });
  for (const at of [0, 10_000, 20_000, 30_000, 40_000]) {
    now = at;
    assert.equal(await limit.attempt("10.0.0.1", wrong), false);
  }
  let ran = 0;
  const counted = () => (ran++, right());
  assert.equal(await limit.attempt("10.0.0.1", counted), 20_000);
  now = 59_999;
  assert.equal(await limit.attempt("10.0.0.1", counted), 1);
  assert.equal(ran, 0);
  now = 60_000;
  assert.equal(await limit.attempt("10.0.0.1", counted), true);
});

Deno.test("FailureLimit lets no more than five of 1,000 guesses through a minute, at once or one by one", async () => {
  let now = 0;
  let guesses = 0;
  const guess = () => (guesses++, wrong());
  const limit = new FailureLimit({ now: () => now });
  for (; now < 600_000; now += 600) await limit.attempt("10.0.0.1", guess);
  assert.equal(guesses, 50);
  guesses = 0;
  await Promise.all(Array.from({ length: 1_000 }, () => limit.attempt("10.0.0.2", guess)));
  assert.equal(guesses, 5);
});

Deno.test("FailureLimit does not slow other networks, nor those who are right", async () => {
  const limit = new FailureLimit({ now: () => 0 });
  for (let i = 0; i < 10; i++) await limit.attempt("10.0.0.1", wrong);
  assert.equal(await limit.attempt("10.0.0.2", right), true);
  const many = Array.from({ length: 100 }, () => limit.attempt("10.0.0.3", right));
  assert.deepEqual(new Set(await Promise.all(many)), new Set([true]));
  for (let i = 0; i < 20; i++) assert.equal(await limit.attempt("10.0.0.3", right), true);
});

Deno.test("FailureLimit runs no more at once than may still fail", async () => {
  const limit = new FailureLimit({ now: () => 0 });
  await limit.attempt("a", wrong);
  await limit.attempt("a", wrong);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<boolean>());
  let started = 0;
  const attempts = gates.map(({ promise }) => limit.attempt("a", () => (started++, promise)));
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(started, 3);
  gates[0]!.resolve(true);
  await attempts[0];
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(started, 4);
  for (const gate of gates) gate.resolve(false);
  assert.deepEqual(await Promise.all(attempts), [true, false, false, false, 60_000]);
});

Deno.test("FailureLimit counts an attempt that throws, and throws it", async () => {
  const limit = new FailureLimit({ now: () => 0 });
  for (let i = 0; i < 5; i++) {
    await assert.rejects(limit.attempt("a", () => Promise.reject(new Error("cut off"))), /cut off/);
  }
  assert.equal(await limit.attempt("a", right), 60_000);
});

Deno.test("networkOf takes a /64 for one network, and however it is written", () => {
  const same = ["2001:db8::1", "2001:0db8:0:0:ffff::2", "2001:db8:0:0:1:2:3:4", "2001:DB8::5%eth0"];
  assert.deepEqual(new Set(same.map(networkOf)), new Set(["2001:db8:0:0::/64"]));
  assert.notEqual(networkOf("2001:db8:0:1::1"), networkOf("2001:db8::1"));
  assert.equal(networkOf("::1"), "0:0:0:0::/64");
  assert.equal(networkOf("::ffff:10.0.0.1"), "10.0.0.1");
  assert.notEqual(networkOf("10.0.0.1"), networkOf("10.0.0.2"));
});

Deno.test("tooMany says when to try again", () => {
  assert.match(tooMany("secrets", 1), /again in 1 s$/);
  assert.match(tooMany("secrets", 59_001), /again in 60 s$/);
});
