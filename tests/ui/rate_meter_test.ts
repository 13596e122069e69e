import assert from "node:assert/strict";
import { RateMeter } from "../../src/ui/rate_meter.ts";

Deno.test("RateMeter says nothing in the first half second", () => {
  const meter = new RateMeter();
  assert.equal(meter.sample(0, 0), undefined);
  assert.equal(meter.sample(100, 499), undefined);
  assert.equal(meter.sample(100, 500), 200);
});

Deno.test("RateMeter averages over the last five seconds only", () => {
  const meter = new RateMeter();
  let bytes = 0;
  for (let now = 0; now < 10_000; now += 100) meter.sample(bytes += 1000, now);
  let rate;
  for (let now = 10_000; now <= 16_000; now += 100) rate = meter.sample(bytes += 100, now);
  assert.equal(rate, 1000);
});

Deno.test("RateMeter falls to zero when nothing moves", () => {
  const meter = new RateMeter();
  meter.sample(0, 0);
  meter.sample(5000, 1000);
  const rates = [2, 3, 4, 5, 6, 7].map((seconds) => meter.sample(5000, seconds * 1000));
  assert.deepEqual(rates.slice(0, 2), [2500, 5000 / 3]);
  assert.equal(rates.at(-1), 0);
});

Deno.test("RateMeter averages over a gap in which nobody asked", () => {
  const meter = new RateMeter();
  meter.sample(0, 0);
  assert.equal(meter.sample(60_000, 60_000), 1000);
});

Deno.test("RateMeter measures from where a resumed transfer starts", () => {
  const meter = new RateMeter();
  meter.sample(1_000_000, 0);
  assert.equal(meter.sample(1_000_500, 1000), 500);
});

Deno.test("RateMeter starts anew when there are fewer bytes than before", () => {
  const meter = new RateMeter();
  meter.sample(9000, 0);
  assert.equal(meter.sample(1000, 1000), undefined);
  assert.equal(meter.sample(2000, 2000), 1000);
});
