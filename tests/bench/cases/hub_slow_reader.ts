import assert from "node:assert/strict";
import type { Case } from "../case.ts";
import { makeFile } from "../content.ts";
import { AT_MOST_MS, openScene, people } from "../hub_scene.ts";
import { type Sample, watch } from "../measure.ts";
import { joinEach, takeAndDrop } from "../person.ts";
import { ratio, rowOf } from "../result.ts";
import { SlowProxy } from "../slow_proxy.ts";

const RUNS = 3;
const SCALED = { bytes: 2e8, count: 10 };
const FULL = { bytes: 1e9, count: 50 };

/** People without disks, so that all of it is the hub's doing. */
export const hubSlowReader: Case = {
  name: "hub-slow-reader",
  shows:
    "200 MB to 10 (--full: 1 GB to 50), one of whom reads 1 KiB/s: the others' time, and the hub's memory",
  async run({ scale, full, runs = RUNS }) {
    const { bytes: whole, count } = full ? FULL : SCALED;
    const bytes = scale(whole);
    const [alone, beside]: [Sample[], Sample[]] = [[], []];
    for (let i = 0; i < runs; i++) {
      alone.push(await broadcast({ bytes, fast: count - 1, isOneSlow: false }));
      beside.push(await broadcast({ bytes, fast: count - 1, isOneSlow: true }));
    }
    const times = [beside, alone].map((samples) => samples.map(({ seconds }) => seconds));
    const delivered = bytes * (count - 1);
    return [
      rowOf(`${count - 1} alone`, alone, delivered),
      rowOf("beside a slow one", beside, delivered),
      { of: "beside, against alone", figures: { time: ratio(times[0]!, times[1]!) } },
    ];
  },
};

/** Until all who are fast have it. */
async function broadcast(
  { bytes, fast, isOneSlow }: { bytes: number; fast: number; isOneSlow: boolean },
): Promise<Sample> {
  await using scene = await openScene();
  await makeFile(scene.files, bytes, "file");
  const names = people(fast);
  await using _people = await joinEach(names, scene.port, takeAndDrop);
  using proxy = new SlowProxy(scene.port);
  const slow = isOneSlow ? ["slow"] : [];
  await using _slow = await joinEach(slow, proxy.port, takeAndDrop);
  const to = [...names, ...slow].flatMap((name) => ["--peer", name]);
  const args = ["file", ...to, "--wait", "delivered", "--json"];
  return await watch({ hub: [scene.hub.pid] }, async () => {
    await using sender = await scene.sending(args, { atMostMs: AT_MOST_MS });
    for (const name of names) {
      const { bytes: received } = await sender.event("delivered", ({ to }) => to === name);
      assert.ok(received >= bytes);
    }
  });
}
