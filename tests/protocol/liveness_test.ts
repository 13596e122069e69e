import assert from "node:assert/strict";
import { Liveness, LIVENESS_TIMES } from "../../src/protocol/liveness.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

const TIMES = LIVENESS_TIMES.initiator;
const WORD = { isPong: false };
const PONG = { isPong: true };

Deno.test("Liveness wants a ping after a silence of its own, and asks for no more while all is well", () => {
  const { clock, liveness } = start();
  clock.advance(24_999);
  assert.equal(liveness.due(TIMES), undefined);
  clock.advance(1);
  assert.equal(liveness.due(TIMES), "ping");
  liveness.said(WORD);
  hear(liveness, PONG);
  clock.advance(24_999);
  assert.equal(liveness.due(TIMES), undefined);
});

Deno.test("Liveness gives up 15 s after a word that nothing came after", () => {
  const { clock, liveness } = start();
  clock.advance(10_000);
  liveness.said(WORD);
  clock.advance(10_000);
  liveness.said(WORD); // The first one counts.
  clock.advance(4_999);
  assert.equal(liveness.due(TIMES), undefined);
  clock.advance(1);
  assert.equal(liveness.due(TIMES), "lost");
});

Deno.test("Liveness lives by any byte, for as long as one frame takes", () => {
  const { clock, liveness } = start();
  for (let seconds = 0; seconds < 600; seconds += 10) {
    liveness.said(WORD);
    clock.advance(10_000);
    liveness.heard();
    assert.notEqual(liveness.due(TIMES), "lost");
  }
});

Deno.test("Liveness wants a word within 5 s of what was heard, also of a part of a frame, and none for a pong", () => {
  const { clock, liveness } = start();
  hear(liveness, WORD);
  clock.advance(4_999);
  assert.equal(liveness.due(TIMES), undefined);
  clock.advance(1);
  assert.equal(liveness.due(TIMES), "pong");
  liveness.said(PONG);
  hear(liveness, PONG);
  clock.advance(20_000);
  assert.equal(liveness.due(TIMES), undefined, "two sides do not go on for ever");
  liveness.said(PONG);
  clock.advance(1_000);
  liveness.heard();
  clock.advance(4_000);
  assert.equal(liveness.due(TIMES), "pong");
});

Deno.test("Liveness that holds back says that it lives, and gives nobody up whom it does not hear", () => {
  const { clock, liveness } = start();
  liveness.said(WORD);
  liveness.holdsBack = true;
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(5_000);
    assert.equal(liveness.due(TIMES), "pong");
    liveness.said(PONG);
  }
  liveness.holdsBack = false;
  clock.advance(14_999);
  assert.equal(liveness.due(TIMES), undefined);
  clock.advance(1);
  assert.equal(liveness.due(TIMES), "lost");
});

function start() {
  const clock = new ManualClock();
  return { clock, liveness: new Liveness(clock) };
}

/** A whole frame. */
function hear(liveness: Liveness, frame: { isPong: boolean }) {
  liveness.heard();
  liveness.took(frame);
}
