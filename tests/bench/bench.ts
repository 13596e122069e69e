/**
 * `deno task bench [--json] [--case NAME]`: p2p against what people use today, in turn, A B A B, on this machine alone.
 * README.md beside this file says how it is measured and how to read it.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatBytes } from "../../src/ui/format.ts";
import { type Case, cases, subject } from "./cases.ts";
import type { Contender } from "./contenders.ts";
import { hubCases } from "./hub_cases.ts";
import { median, type Sample } from "./measure.ts";

const PAIRS = 5;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    json: { type: "boolean" },
    case: { type: "string", multiple: true },
    pairs: { type: "string" },
  },
});
const pairs = Number(values.pairs ?? PAIRS);
const isChosen = ({ name }: { name: string }) => values.case?.includes(name) ?? true;
const chosen = cases.filter(isChosen);
const chosenOfHub = hubCases.filter(isChosen);
if (chosen.length + chosenOfHub.length === 0) {
  const names = [...cases, ...hubCases].map(({ name }) => name).join(", ");
  throw new Error(`no such case; there are ${names}`);
}
for (const { name, bytes, prepare, peers } of chosen) {
  await runCase({ name, bytes, prepare, peers });
}
for (const { run } of chosenOfHub) await run();

/** All peers of a case, one after the other, each in turn with p2p. */
async function runCase({ name, bytes, prepare, peers }: Case) {
  const dir = await Deno.makeTempDir({ prefix: "p2p-bench-" });
  try {
    const source = await prepare(dir);
    for (const start of peers) {
      await using peer = await start(dir);
      if (peer === undefined) continue;
      await using ours = await subject(dir);
      report({ name, bytes, peer: peer.name, ...await alternate(ours, peer, source) });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

interface Result {
  name: string;
  bytes: number;
  peer: string;
  ours: Sample[];
  theirs: Sample[];
}

async function alternate(a: Contender, b: Contender, source: string) {
  const [ours, theirs]: [Sample[], Sample[]] = [[], []];
  for (let i = 0; i <= pairs; i++) {
    const samples = [await sendOnce(a, source), await sendOnce(b, source)] as const;
    if (i === 0) continue; // The warm-up.
    ours.push(samples[0]);
    theirs.push(samples[1]);
  }
  return { ours, theirs };
}

/** One transfer into an empty folder, with nothing left to be written from before. */
async function sendOnce(contender: Contender, source: string): Promise<Sample> {
  await new Deno.Command("sync").output();
  const sample = await contender.send(source);
  for await (const { name } of Deno.readDir(contender.target)) {
    if (name !== ".p2p-partial") {
      await Deno.remove(join(contender.target, name), { recursive: true });
    }
  }
  return sample;
}

function report(result: Result) {
  const ratios = result.ours.map((ours, i) => result.theirs[i]!.seconds / ours.seconds);
  if (values.json) return console.log(JSON.stringify({ ...result, ratio: median(ratios) }));
  console.log(`\n${result.name}: p2p is ${median(ratios).toFixed(2)} × as fast as ${result.peer}`);
  console.log(describe("p2p", result.ours, result.bytes));
  console.log(describe(result.peer, result.theirs, result.bytes));
}

function describe(name: string, samples: Sample[], bytes: number): string {
  const seconds = samples.map((sample) => sample.seconds);
  const cpus = samples.flatMap(({ cpu }) => cpu ?? []);
  const peak = Math.max(...samples.map((sample) => sample.peak ?? 0));
  const cpu = cpus.length === 0 || bytes < 1e7
    ? ""
    : `, ${(median(cpus) / bytes * 1e9).toFixed(2)} processor s/GB`;
  return `  ${name.padEnd(26)} ${median(seconds).toFixed(3)} s (${
    Math.min(...seconds).toFixed(3)
  } to ` +
    `${Math.max(...seconds).toFixed(3)})${cpu}${peak > 0 ? `, peak ${formatBytes(peak)}` : ""}`;
}
