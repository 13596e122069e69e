import type { Case, Settings } from "../case.ts";
import { clear, discard } from "../content.ts";
import { type Contender, p2p } from "../contenders.ts";
import { type Sample, syncDisks } from "../measure.ts";
import { ratio, type Row, rowOf } from "../result.ts";

const PAIRS = 5;

/** What is moved, and who p2p is measured against. */
export interface Comparison {
  name: string;
  shows: string;
  /** Makes what is sent below `dir`. */
  prepare: (dir: string, scale: Settings["scale"]) => Promise<Content>;
  /** Undefined where a peer is not installed. */
  peers: ((dir: string) => Promise<Contender | undefined>)[];
}

/** Paths that are sent side by side, and the bytes of all. */
export interface Content {
  sources: string[];
  bytes: number;
}

/** p2p and each peer in turn, A B A B. */
export function compare({ name, shows, prepare, peers }: Comparison): Case {
  return {
    name,
    shows,
    async run({ scale, runs = PAIRS }) {
      const dir = await Deno.makeTempDir({ prefix: `${name}-` });
      const { sources, bytes } = await prepare(dir, scale);
      const rows: Row[] = [];
      for (const start of peers) {
        await using peer = await start(dir);
        if (peer === undefined) continue;
        await using ours = await p2p(dir);
        const pairs = await alternate([ours, peer], { sources, runs });
        const [our, their] = [ours, peer].map(({ name }, i) => rowOf(name, pairs[i]!, bytes));
        const times = ratio(their!.figures.time!.values, our!.figures.time!.values);
        rows.push({ ...our!, figures: { ...our!.figures, [`as fast as ${peer.name}`]: times } });
        rows.push(their!);
      }
      await discard(dir);
      return rows;
    },
  };
}

async function alternate(
  contenders: [Contender, Contender],
  { sources, runs }: { sources: string[]; runs: number },
): Promise<[Sample[], Sample[]]> {
  const samples: [Sample[], Sample[]] = [[], []];
  for (let i = 0; i <= runs; i++) {
    for (const [which, contender] of contenders.entries()) {
      await syncDisks();
      const sample = await contender.send(sources);
      if (i > 0) samples[which]!.push(sample); // The first is the warm-up.
      await clear(contender.target);
    }
  }
  return samples;
}
