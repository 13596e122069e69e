import type { Case } from "../case.ts";
import { clear, discard } from "../content.ts";
import { p2p } from "../contenders.ts";
import { type Sample, syncDisks } from "../measure.ts";
import { type Row, rowOf, withGrowth } from "../result.ts";

const RUNS = 3;

/** Something that is sent in growing amounts. */
export interface Growing {
  name: string;
  shows: string;
  counts: number[];
  /** What is sent of that count, and how to call it; undefined where there is no room for it. */
  step: (count: number) => Step | undefined;
}

/** One amount. */
export interface Step {
  of: string;
  bytes: number;
  /** Makes it below `dir`; its path. */
  prepare: (dir: string) => Promise<string>;
}

/** A cold `p2p send` of each amount to a hub that has seen no other. */
export function grow({ name, shows, counts, step }: Growing): Case {
  return {
    name,
    shows,
    async run({ scale, runs = RUNS }) {
      const rows: Row[] = [];
      const measured: number[] = [];
      for (const count of counts.map(scale)) {
        const amount = step(count);
        if (amount === undefined) continue;
        rows.push(rowOf(amount.of, await send(amount, runs), amount.bytes));
        measured.push(count);
      }
      return withGrowth(rows, { counts: measured });
    },
  };
}

async function send({ prepare }: Step, runs: number): Promise<Sample[]> {
  const dir = await Deno.makeTempDir({ prefix: "step-" });
  const source = await prepare(dir);
  const samples: Sample[] = [];
  {
    await using ours = await p2p(dir);
    for (let i = 0; i <= runs; i++) {
      await syncDisks();
      const sample = await ours.send([source]);
      if (i > 0) samples.push(sample); // The first is the warm-up.
      await clear(ours.target);
    }
  }
  await discard(dir);
  return samples;
}
