import assert from "node:assert/strict";
import {
  Admission,
  type Entrant,
  MAX_HALF_OPEN,
  MAX_HALF_OPEN_PER_NETWORK,
} from "../../src/hub/admission.ts";
import { BURST_MS, HandshakeTurns } from "../../src/hub/handshake_turns.ts";
import type { Pace } from "../../src/protocol/handshake.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

const NEVER = 1_000_000;

Deno.test("Admission lets in 8 of one address and 64 of all, and no more", () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: NEVER });
  const ofOne = Array.from({ length: 9 }, () => enter(admission, "10.0.0.0"));
  assert.deepEqual([MAX_HALF_OPEN, MAX_HALF_OPEN_PER_NETWORK], [64, 8]);
  assert.equal(ofOne.filter(({ opening }) => opening).length, 8);
  const others = Array.from({ length: 60 }, (_, i) => enter(admission, `10.0.1.${i}`));
  assert.equal(others.filter(({ opening }) => opening).length, 56);
  admission.close();
});

Deno.test("Admission gives a place that is free to the newest that may have it", async () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: NEVER });
  const sitting = Array.from({ length: 8 }, () => enter(admission, "a"));
  const waiting = Array.from({ length: 3 }, () => enter(admission, "a"));
  await sitting[0]!.finish();
  assert.deepEqual(waiting.map(({ opening }) => opening), [false, false, true]);
  await sitting[1]!.finish();
  assert.deepEqual(waiting.map(({ opening }) => opening), [false, true, true]);
  assert.ok(enter(admission, "b").opening);
  admission.close();
});

Deno.test("Admission closes everybody some time after they came, waiting or not, whatever they do", async () => {
  const admission = new Admission({ openWithinMs: 20, yieldAfterMs: NEVER });
  const all = Array.from({ length: 12 }, () => enter(admission, "a"));
  await Promise.all(all.map(({ closed }) => closed));
  admission.close();
});

Deno.test("Admission gives who has waited no more time than whoever else came then", async () => {
  const admission = new Admission({ openWithinMs: 100, yieldAfterMs: NEVER });
  const [first] = Array.from({ length: 8 }, () => enter(admission, "a"));
  const closed: string[] = [];
  const [waited, direct] = [enter(admission, "a"), enter(admission, "b")];
  const all = [waited.closed.then(() => closed.push("who waited")), direct.closed];
  direct.closed.then(() => closed.push("who came in at once"));
  await first!.finish();
  assert.ok(waited.opening);
  await Promise.all(all);
  assert.deepEqual(closed, ["who waited", "who came in at once"]);
  admission.close();
});

Deno.test("Admission leaves who came in alone", async () => {
  const admission = new Admission({ openWithinMs: 20, yieldAfterMs: 20 });
  const inside = Array.from({ length: 8 }, () => enter(admission, "a"));
  await Promise.all(inside.map(({ finish }) => finish()));
  const slow = enter(admission, "a");
  await slow.closed;
  assert.ok(inside.every(({ isClosed }) => !isClosed()));
});

Deno.test("Admission takes the place of a slow one where somebody waits, and of nobody else", async () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: 20 });
  const elsewhere = enter(admission, "b");
  const sitting = Array.from({ length: 8 }, () => enter(admission, "a"));
  const newcomer = enter(admission, "a");
  await Promise.all([...sitting.map(({ closed }) => closed), newcomer.started]);
  assert.ok(!elsewhere.isClosed() && !newcomer.isClosed());
  admission.close();
});

Deno.test("Admission lets slow ones be where nobody waits", async () => {
  const admission = new Admission({ openWithinMs: 100, yieldAfterMs: 1 });
  const first = enter(admission, "a");
  const second = enter(admission, "a");
  await first.closed;
  // By the deadline of both, not one after the other by being slow.
  await second.closed;
  assert.ok(performance.now() - first.since >= 99);
});

Deno.test("Admission makes room although somebody new comes all the time", async () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: 50 });
  const sitting = Array.from({ length: 8 }, () => enter(admission, "a"));
  const flood = setInterval(() => enter(admission, "a"), 5);
  await Promise.all(sitting.map(({ closed }) => closed));
  clearInterval(flood);
  admission.close();
});

Deno.test("Admission takes the places of all that are slow where all are taken", async () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: 20 });
  const sitting = Array.from({ length: 64 }, (_, i) => enter(admission, `10.0.0.${i}`));
  const newcomer = enter(admission, "b");
  assert.ok(!newcomer.opening);
  await newcomer.started;
  assert.ok(sitting.some(({ isClosed }) => isClosed()));
  admission.close();
});

Deno.test("Admission holds 1,024 that wait, and closes the oldest of more", () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: NEVER });
  const all = Array.from({ length: 8 + 1_024 + 2 }, () => enter(admission, "a"));
  assert.deepEqual(all.flatMap(({ isClosed }, i) => isClosed() ? [i] : []), [8, 9]);
  admission.close();
});

Deno.test("Admission outlives a handshake that throws", async () => {
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: NEVER });
  const sitting = Array.from({ length: 8 }, () => enter(admission, "a"));
  const waiting = enter(admission, "a");
  sitting[0]!.fail(new Error("broken"));
  await waiting.started;
  admission.close();
});

Deno.test("Admission takes no wait for a turn as slowness, and gives none to who was closed meanwhile", async () => {
  const clock = new ManualClock();
  const turns = new HandshakeTurns({ clock });
  await turns.count(() => Promise.resolve(clock.advance(2 * BURST_MS)));
  const admission = new Admission({ openWithinMs: NEVER, yieldAfterMs: 20, turns });
  const [computed, closed]: [number[], number[]] = [[], []];
  for (let i = 0; i < 9; i++) {
    const open = ({ first }: Pace) => first(() => Promise.resolve(void computed.push(i)));
    admission.enter({ network: "a", open, close: () => closed.push(i) });
  }
  const sitting = Array.from({ length: 8 }, () => enter(admission, "b"));
  enter(admission, "b");
  await Promise.all(sitting.map(({ closed }) => closed));
  assert.deepEqual(closed, []); // Although one of "a" waits for a place.
  admission.close();
  clock.advance(100 * BURST_MS);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(computed, []);
});

Deno.test("Admission.close closes all that have not come in", () => {
  const admission = new Admission();
  const all = Array.from({ length: 100 }, (_, i) => enter(admission, `10.0.0.${i % 5}`));
  admission.close();
  assert.ok(all.every(({ isClosed }) => isClosed()));
});

/** Somebody at the door, who says nothing until told to. */
function enter(admission: Admission, network: string) {
  const opened = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const guest = {
    opening: false,
    since: performance.now(),
    started: started.promise,
    closed: closed.promise,
    isClosed: () => isClosed,
    fail: (error: Error) => opened.reject(error),
    async finish() {
      opened.resolve();
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
  let isClosed = false;
  const entrant: Entrant = {
    network,
    open() {
      guest.opening = true;
      started.resolve();
      return opened.promise;
    },
    close() {
      isClosed = true;
      opened.resolve();
      closed.resolve();
    },
  };
  admission.enter(entrant);
  return guest;
}
