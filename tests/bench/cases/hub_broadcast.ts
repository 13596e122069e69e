import type { Case } from "../case.ts";
import { clear, makeFile } from "../content.ts";
import { joinAll, openScene, people, sendCommand, settled } from "../hub_scene.ts";
import { measure, type Sample, syncDisks } from "../measure.ts";
import { median, type Row, rowOf, withGrowth } from "../result.ts";

const RUNS = 3;
const COUNTS = [1, 5, 20, 50];

/** One upload to all who are joined, each in a process of their own that writes to its disk. */
export const hubBroadcast: Case = {
  name: "hub-broadcast",
  shows: "100 MB to 1, 5, 20 and 50 people with one upload: the sender's time and all memory",
  async run({ scale, runs = RUNS }) {
    const bytes = scale(1e8);
    const rows: Row[] = [];
    for (const wait of ["stored", "delivered"]) {
      const steps: Row[] = [];
      for (const count of COUNTS) {
        const samples = await broadcast({ bytes, count, wait, runs });
        steps.push(rowOf(`to ${count}, until ${wait}`, samples, bytes));
      }
      rows.push(...withGrowth(steps, { counts: COUNTS }), twentyAgainstOne(steps, wait));
    }
    return rows;
  },
};

async function broadcast(
  { bytes, count, wait, runs }: { bytes: number; count: number; wait: string; runs: number },
): Promise<Sample[]> {
  await using scene = await openScene();
  await makeFile(scene.files, bytes, "file");
  await using joined = await joinAll(scene, people(count));
  const { joiners } = joined;
  const command = await sendCommand(scene, ["file", "--all", "--wait", wait]);
  const watched = { hub: [scene.hub.pid], receiver: joiners.map(({ program }) => program.pid) };
  const samples: Sample[] = [];
  for (let i = 0; i <= runs; i++) {
    await syncDisks();
    const sample = await measure([command], watched);
    if (i > 0) samples.push(sample); // The first is the warm-up.
    await settled(scene);
    for (const { dir } of joiners) await clear(dir);
  }
  return samples;
}

function twentyAgainstOne(steps: Row[], wait: string): Row {
  const [one, , twenty] = steps.map(({ figures }) => median(figures.time!.values));
  return {
    of: `20 against 1, until ${wait}`,
    figures: { time: { unit: "×", values: [twenty! / one!] } },
  };
}
