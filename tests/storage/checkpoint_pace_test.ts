import assert from "node:assert/strict";
import {
  CheckpointPace,
  PLACE_EVERY_MS,
  SEGMENT_BYTES,
} from "../../src/storage/checkpoint_pace.ts";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { ManualClock } from "../helpers/manual_clock.ts";

Deno.test("CheckpointPace: each segment, and a chunk after 5 s without one", () => {
  const clock = new ManualClock();
  const pace = new CheckpointPace(clock);
  assert.deepEqual([pace.isDue(CHUNK_BYTES), pace.isDue(SEGMENT_BYTES)], [false, true]);
  clock.advance(PLACE_EVERY_MS - 1);
  assert.equal(pace.isDue(SEGMENT_BYTES + CHUNK_BYTES), false);
  clock.advance(1);
  assert.deepEqual(
    [SEGMENT_BYTES + 1, SEGMENT_BYTES + 2 * CHUNK_BYTES, SEGMENT_BYTES + 3 * CHUNK_BYTES]
      .map((offset) => pace.isDue(offset)),
    [false, true, false],
  );
});
