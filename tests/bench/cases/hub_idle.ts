import type { Case } from "../case.ts";
import { openScene } from "../hub_scene.ts";
import { memory, usage, watch } from "../measure.ts";
import { joinAs, joinEach } from "../person.ts";

const REST_MS = 20_000;

/** All who came at once are kept alive at once, every 25 to 30 s: their bursts count as often as they come. */
const WATCHED_MS = 120_000;
const ROUNDS = 20;

/** What a hub needs for whatever it does is not of each person: it comes with the first ones. */
const FIRST = 100;
const COUNT = 1_000;

/** People who are joined and do nothing. */
export const hubIdle: Case = {
  name: "hub-idle",
  shows: "1,000 people who are joined and do nothing: memory of each, processor, a newcomer's wait",
  async run() {
    await using scene = await openScene();
    const { port, hub: { pid } } = scene;
    await using _first = await joinEach(names(0, FIRST), port);
    await rest();
    const before = await memory(pid, "VmRSS");
    await using _joined = await joinEach(names(FIRST, COUNT), port);
    const busy = await memory(pid, "VmRSS");
    await rest(); // The garbage of a thousand joins is collected.
    const after = await memory(pid, "VmRSS");
    const { cpu, seconds } = await watch({ hub: [pid] }, () => rest(WATCHED_MS));
    const newcomers = await timesToJoin(port, ROUNDS);
    const { peak } = await usage(pid);
    return [{
      of: `${COUNT} people`,
      figures: {
        "memory of each": { unit: "B", values: [(after - before) / COUNT] },
        "right after they came": { unit: "B", values: [(busy - before) / COUNT] },
        "peak of hub": { unit: "B", values: [peak] },
        "of a core": { unit: "%", values: [100 * cpu.hub! / seconds] },
        "a newcomer is in after": { unit: "ms", values: newcomers },
      },
    }];
  },
};

/** How long each of several newcomers takes to join, in milliseconds; each leaves again. */
export async function timesToJoin(port: number, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const at = performance.now();
    await using _ = await joinAs(`newcomer ${i}`, port);
    times.push(performance.now() - at);
  }
  return times;
}

function names(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `person ${from + i}`);
}

function rest(ms = REST_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
