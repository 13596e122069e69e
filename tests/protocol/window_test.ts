import assert from "node:assert/strict";
import { MAX_WINDOW_BYTES, Window, WINDOW_BYTES } from "../../src/protocol/window.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

const CHUNK = WINDOW_BYTES / 16;
const ROUND_TRIP_MS = 150;

Deno.test("Window is doubled, up to its bound, where all of it is put away within two round trips", () => {
  const { window, clock } = far();
  const widths = Array.from({ length: 4 }, () => {
    clock.advance(ROUND_TRIP_MS - 20);
    return take(window, WINDOW_BYTES);
  });
  // The second and third of them are the two halves of a window of 8 MiB.
  assert.deepEqual(widths, [WINDOW_BYTES, 0, 2 * WINDOW_BYTES, 0]);
  clock.advance(1);
  assert.equal(take(window, 2 * MAX_WINDOW_BYTES), 0);
});

Deno.test("Window stays where the line or the disk is what is waited for", () => {
  const { window, clock } = far();
  for (let i = 0; i < 20; i++) {
    clock.advance(2 * ROUND_TRIP_MS);
    assert.equal(take(window, WINDOW_BYTES), 0);
  }
});

Deno.test("Window stays where the other side is near, or memory is short", () => {
  const near = far(9);
  assert.equal(take(near.window, 10 * WINDOW_BYTES), 0);
  const short = far();
  assert.equal(take(short.window, 10 * WINDOW_BYTES, { mayGrow: false }), 0);
  assert.equal(take(short.window, WINDOW_BYTES), WINDOW_BYTES);
});

/** A window towards somebody so far away, from whom the first chunk has come. */
function far(roundTripMs = ROUND_TRIP_MS) {
  const clock = new ManualClock();
  const window = new Window(clock);
  window.asked();
  clock.advance(roundTripMs);
  window.answered();
  return { window, clock };
}

/** Puts away `bytes`; by how much the window has grown meanwhile. */
function take(window: Window, bytes: number, { mayGrow = true } = {}): number {
  let wider = 0;
  for (let taken = 0; taken < bytes; taken += CHUNK) wider += window.tookIn(CHUNK, { mayGrow });
  return wider;
}
