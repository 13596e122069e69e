import assert from "node:assert/strict";
import { BroadcastPacer } from "../../../src/hub/relay/broadcast_pacer.ts";

Deno.test("BroadcastPacer lets everybody go while nothing comes in", () => {
  const pace = new BroadcastPacer();
  for (let i = 0; i < 10; i++) assert.equal(pace.turn(), undefined);
});

Deno.test("BroadcastPacer lets one go for the first chunk that comes in fast and for every fourth, in their order, and all at the end", async () => {
  const pace = new BroadcastPacer();
  const gone: number[] = [];
  const arrive = (chunks: number) => {
    for (let i = 0; i < chunks; i++) pace.arrived();
  };
  arrive(1);
  assert.equal(pace.turn(), undefined);
  const waiting = [1, 2, 3, 4].map((n) => pace.turn()!.then(() => gone.push(n)));
  arrive(3);
  await Promise.resolve();
  assert.deepEqual(gone, []);
  arrive(1);
  await waiting[0];
  arrive(4);
  await waiting[1];
  assert.deepEqual(gone, [1, 2]);
  pace.end();
  await Promise.all(waiting);
  assert.deepEqual(gone, [1, 2, 3, 4]);
  assert.equal(pace.turn(), undefined);
});

Deno.test("BroadcastPacer lets everybody go when nothing comes in any more", async () => {
  const pace = new BroadcastPacer();
  pace.arrived();
  pace.turn();
  await Promise.all([pace.turn(), pace.turn()]);
});

Deno.test("BroadcastPacer lets everybody follow a slow line, and nobody more where it is the hub that is slow", async () => {
  for (const more of [false, true]) {
    const pace = new BroadcastPacer();
    for (let i = 0; i < 63; i++) pace.arrived({ more });
    await new Promise((resolve) => setTimeout(resolve, 120)); // Slower than a gigabit line.
    for (let i = 0; i < 2; i++) pace.arrived({ more });
    pace.turn(); // One may always go.
    assert.equal(pace.turn() === undefined, !more);
    pace.end();
  }
});
