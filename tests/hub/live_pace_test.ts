import assert from "node:assert/strict";
import { LivePace } from "../../src/hub/live_pace.ts";

Deno.test("LivePace lets everybody go while nothing comes in", () => {
  const pace = new LivePace(1);
  for (let i = 0; i < 10; i++) assert.equal(pace.turn(), undefined);
});

Deno.test("LivePace lets one go for each chunk that comes in fast, in their order, and all at the end", async () => {
  const pace = new LivePace(1);
  const gone: number[] = [];
  pace.arrived();
  assert.equal(pace.turn(), undefined);
  const waiting = [1, 2, 3, 4].map((n) => pace.turn()!.then(() => gone.push(n)));
  pace.arrived();
  await waiting[0];
  pace.arrived();
  await waiting[1];
  assert.deepEqual(gone, [1, 2]);
  pace.end();
  await Promise.all(waiting);
  assert.deepEqual(gone, [1, 2, 3, 4]);
  assert.equal(pace.turn(), undefined);
});

Deno.test("LivePace lets one of many go for the first chunk, and then for every fourth", async () => {
  const pace = new LivePace(20);
  const gone: number[] = [];
  pace.arrived();
  assert.equal(pace.turn(), undefined);
  const waiting = [1, 2].map((n) => pace.turn()!.then(() => gone.push(n)));
  for (let i = 0; i < 3; i++) pace.arrived();
  await Promise.resolve();
  assert.deepEqual(gone, []);
  pace.arrived();
  await waiting[0];
  assert.deepEqual(gone, [1]);
  pace.end();
  await waiting[1];
});

Deno.test("LivePace lets everybody go when nothing comes in any more", async () => {
  const pace = new LivePace(1);
  pace.arrived();
  pace.turn();
  await Promise.all([pace.turn(), pace.turn()]);
});

Deno.test("LivePace lets everybody follow a slow line, and nobody more where it is the hub that is slow", async () => {
  for (const more of [false, true]) {
    const pace = new LivePace(20);
    for (let i = 0; i < 63; i++) pace.arrived({ more });
    await new Promise((resolve) => setTimeout(resolve, 120)); // Slower than a gigabit line.
    for (let i = 0; i < 2; i++) pace.arrived({ more });
    pace.turn(); // One may always go.
    assert.equal(pace.turn() === undefined, !more);
    pace.end();
  }
});
