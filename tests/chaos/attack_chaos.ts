// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { join } from "node:path";
import { Scene } from "../e2e/scene.ts";
import { hasIPv6 } from "../helpers/has_ipv6.ts";
import { Attackers } from "./attackers.ts";
import { CHAOS_AT_MOST_MS } from "./joiner.ts";
import { memory } from "./process_memory.ts";

const SECONDS = Number(Deno.env.get("P2P_ATTACK_SECONDS") ?? 60);
const EVERY_MS = 2_000;

/** It stays where it is after some twenty seconds, at 210 to 250 MiB. */
const MOST_BYTES_IN_MEMORY = 280 * 2 ** 20;
const MOST_BYTES_ON_DISK = 60_000_000;
const MOST_MS = 2_000;

Deno.test({
  name: `a hub with a quota withstands ${SECONDS} s of all attacks, and serves others meanwhile`,
  ignore: Deno.build.os !== "linux" || !hasIPv6, // There is no /proc, or no other network here.
  fn: async () => {
    await using scene = await Scene.open({
      serve: ["--quota", "5MB", "--disk", "50MB"],
      hub: { atMostMs: CHAOS_AT_MOST_MS },
    });
    await scene.write("honest.txt", "still here");
    const [times, inMemory, onDisk]: [number[], number[], number[]] = [[], [], []];
    let failed = "";
    await using attackers = await Attackers.start(scene.port);
    for (const end = performance.now() + SECONDS * 1_000; performance.now() < end;) {
      const from = performance.now();
      // From another network than theirs, which has no more than its share.
      const to = ["--to", `[::1]:${scene.port}`, "--no-resume"];
      const { code, stderr } = await scene.send(["honest.txt", ...to], { as: "honest" });
      times.push(Math.round(performance.now() - from));
      if (code !== 0) failed = stderr;
      inMemory.push(await memory(scene.hub.pid));
      onDisk.push(bytesIn(join(scene.dir, "homes", "hub")) + bytesIn(scene.received));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    await attackers[Symbol.asyncDispose]();
    console.log(attackers.tries);
    console.log(
      `${times.length} honest sends of ${median(times)} ms (at most ${Math.max(...times)} ms), ` +
        `${Math.round(Math.max(...inMemory) / 2 ** 20)} MiB in memory, ` +
        `${Math.max(...onDisk) / 1_000_000} MB on disk at most`,
    );
    assert.equal(failed, "");
    assert.ok(median(times) <= MOST_MS, `${times.join()} ms`);
    assert.ok(Math.max(...inMemory) <= MOST_BYTES_IN_MEMORY);
    assert.ok(Math.max(...onDisk) <= MOST_BYTES_ON_DISK);
    assert.equal((await scene.stopHub("SIGINT")).code, 130);
  },
});

/** Bytes that a folder takes on the disk, with all that is in it. */
function bytesIn(folder: string): number {
  let bytes = 0;
  try {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const path = join(folder, name);
      bytes += isDirectory ? bytesIn(path) : 512 * (Deno.lstatSync(path).blocks ?? 0);
    }
  } catch {
    // It has gone meanwhile.
  }
  return bytes;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}
