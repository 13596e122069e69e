import { join } from "node:path";
import type { Scene } from "../../e2e/scene.ts";
import { eventually } from "../../helpers/eventually.ts";
import type { Case } from "../case.ts";
import { makeFile } from "../content.ts";
import { CountingProxy } from "../counting_proxy.ts";
import { AT_MOST_MS, openScene, sendCommand } from "../hub_scene.ts";
import { measure, type Sample, syncDisks } from "../measure.ts";
import { rowOf } from "../result.ts";

const RUNS = 5;
const LOOK_EVERY_MS = 1;

/** A sender that is killed half way, and its line run again. */
export const resume: Case = {
  name: "resume-1gb",
  shows:
    "1 GB whose sender is killed at half; the same line again: until the first new byte, and what is sent again",
  async run({ scale, runs = RUNS }) {
    const bytes = scale(1e9);
    const dir = await Deno.makeTempDir({ prefix: "resume-" });
    const source = await makeFile(dir, bytes);
    const all: Resumed[] = [];
    for (let i = 0; i < runs; i++) all.push(await cutAndResume(source, bytes));
    await Deno.remove(dir, { recursive: true });
    const row = rowOf("the same line again", all.map(({ sample }) => sample), bytes / 2);
    return [{
      of: row.of,
      figures: {
        "first new byte": { unit: "ms", values: all.map(({ firstByteMs }) => firstByteMs) },
        "sent again": { unit: "B", values: all.map(({ sentAgain }) => sentAgain) },
        ...row.figures,
      },
    }];
  },
};

interface Resumed {
  /** From the start of the command to growth beyond where it went on. */
  firstByteMs: number;
  /** Bytes on the wire of the sender that was killed, beyond where it went on. */
  sentAgain: number;
  sample: Sample;
}

async function cutAndResume(source: string, bytes: number): Promise<Resumed> {
  await using scene = await openScene({ plain: false });
  using proxy = new CountingProxy(scene.port);
  const { to } = proxy;
  const part = await cutAtHalf(scene, { source, bytes, to });
  const sent = proxy.passed;
  const wasThere = Deno.statSync(part).size;
  await syncDisks();
  const done = new AbortController();
  const watching = watchSize(part, done.signal);
  const started = performance.now();
  const command = await sendCommand(scene, [source], { to });
  const sample = await measure([command], { hub: [scene.hub.pid] });
  done.abort();
  const { resumedAt } = await scene.hub.event("received");
  // Cut back to where it goes on, unless it is there already, and growing from there.
  const first = (await watching).find(({ size }) => size > resumedAt && size !== wasThere);
  if (first === undefined) throw new Error(`${part} was not seen growing beyond ${resumedAt}`);
  return { firstByteMs: first.at - started, sentAgain: sent - resumedAt, sample };
}

/** Kills the sender as soon as half of it lies at the hub; the part, once the hub has put it by. */
async function cutAtHalf(
  scene: Scene,
  { source, bytes, to }: { source: string; bytes: number; to: string },
): Promise<string> {
  const args = [source, "--to", to, "--quiet"];
  await using sender = await scene.sending(args, { atMostMs: AT_MOST_MS });
  const staging = join(scene.received, ".p2p-partial");
  await eventually(() => void contentIn(staging));
  const part = contentIn(staging);
  while (Deno.statSync(part).size < bytes / 2) await pause();
  sender.kill("SIGKILL");
  await sender.finished;
  await scene.hub.event("interrupted");
  return part;
}

/** The content of the one transfer that is in staging. */
function contentIn(staging: string): string {
  for (const { name } of Deno.readDirSync(staging)) {
    const path = join(staging, name, "content");
    if (Deno.statSync(path).isFile) return path;
  }
  throw new Error(`nothing in ${staging}`);
}

/** The sizes of a file and when they were seen, as it changes, until it is gone or `signal` says so. */
async function watchSize(path: string, signal: AbortSignal) {
  const seen: { at: number; size: number }[] = [];
  while (!signal.aborted) {
    try {
      const { size } = Deno.statSync(path);
      if (seen.at(-1)?.size !== size) seen.push({ at: performance.now(), size });
    } catch {
      break; // It is published.
    }
    await pause();
  }
  return seen;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
