import assert from "node:assert/strict";
import { BURST_MS, HandshakeTurns, SHARE } from "../../src/hub/handshake_turns.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

/** Milliseconds that each handshake takes here. */
const WORK_MS = 5;
/** The time that pays for one. */
const NEXT_MS = WORK_MS / SHARE;
/** More than go at once, although time pays for some of them meanwhile. */
const CROWD = 2 * BURST_MS / WORK_MS;
/** The time after which the next one goes behind a crowd. */
const CROWD_MS = (CROWD * WORK_MS - (CROWD - 1) * WORK_MS * SHARE - BURST_MS) / SHARE;

Deno.test("HandshakeTurns computes a burst at once, and of a flood no more than the share pays for", async () => {
  const scene = new Scene();
  for (let i = 0; i < 2 * CROWD; i++) scene.come("flood");
  await scene.settled();
  const atOnce = scene.done.length;
  assert.ok(atOnce >= CROWD / 2 && atOnce < CROWD, `${atOnce}`);
  await scene.advance(100 * NEXT_MS);
  assert.equal(scene.done.length, atOnce + 100);
});

Deno.test("HandshakeTurns computes one at a time", async () => {
  const turns = new HandshakeTurns({ clock: new ManualClock() });
  let running = 0;
  const most: number[] = [];
  await Promise.all(Array.from({ length: 5 }, () =>
    turns.take("a", async () => {
      most.push(++running);
      await Promise.resolve();
      running--;
    })));
  assert.deepEqual(most, [1, 1, 1, 1, 1]);
});

Deno.test("whoever comes from another network than a flood waits for one turn of it", async () => {
  const scene = new Scene();
  await scene.crowd();
  for (const network of ["flood", "flood", "flood", "ana", "bo", "flood"]) scene.come(network);
  await scene.advance(CROWD_MS + 3 * NEXT_MS);
  assert.deepEqual(scene.done.slice(0, 3), ["flood", "ana", "bo"]);
});

Deno.test("of one network the newest goes first, and each fourth time the oldest", async () => {
  const scene = new Scene();
  await scene.crowd();
  for (let i = 0; i < 8; i++) scene.come("a", `${i}`);
  await scene.advance(CROWD_MS + 8 * NEXT_MS);
  assert.deepEqual(scene.done, ["7", "6", "5", "0", "4", "3", "2", "1"]);
});

Deno.test("work that waits for no turn counts, and time pays for it", async () => {
  const scene = new Scene();
  await scene.crowd();
  scene.come("a", "late");
  await scene.advance(CROWD_MS - 1);
  assert.deepEqual(scene.done, []);
  await scene.advance(1);
  assert.deepEqual(scene.done, ["late"]);
});

Deno.test("a handshake that fails counts, and the next one gets its turn", async () => {
  const scene = new Scene();
  await scene.crowd();
  const failing = scene.turns.take("a", async () => {
    await scene.work();
    throw new Error("broken");
  });
  scene.come("a", "next");
  const [failed] = await Promise.all([
    failing.catch((error) => error.message),
    scene.advance(CROWD_MS + 2 * NEXT_MS),
  ]);
  assert.equal(failed, "broken");
  assert.deepEqual(scene.done, ["next"]);
});

/** Handshakes that come, on a clock that moves only while one is computed, or when it is told to. */
class Scene {
  readonly clock = new ManualClock();
  readonly turns = new HandshakeTurns({ clock: this.clock });
  /** The names of those that were computed. */
  readonly done: string[] = [];

  work(): Promise<void> {
    this.clock.advance(WORK_MS);
    return Promise.resolve();
  }

  come(network: string, name = network): void {
    this.turns.take(network, async () => {
      await this.work();
      this.done.push(name);
    });
  }

  /** More work than goes at once. */
  async crowd(): Promise<void> {
    for (let i = 0; i < CROWD; i++) await this.turns.count(() => this.work());
  }

  async advance(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      this.clock.advance(1);
      await this.settled();
    }
  }

  /** Lets everything run that can. */
  async settled(): Promise<void> {
    for (let before = -1; before < this.done.length;) {
      before = this.done.length;
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }
}
