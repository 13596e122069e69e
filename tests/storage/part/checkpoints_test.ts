import assert from "node:assert/strict";
import { Checkpoints } from "../../../src/storage/part/checkpoints.ts";
import type { Journal } from "../../../src/storage/journal.ts";
import type { PartContent } from "../../../src/storage/part/part_content.ts";

const LINE = { offset: 1, digest: "" };

Deno.test("Checkpoints writes a line after what it speaks of is on disk", async () => {
  const disk = fakeDisk();
  await disk.checkpoints.add(LINE);
  assert.deepEqual(disk.log, ["sync"]);
  disk.synced[0]!.resolve();
  await disk.checkpoints.settle();
  assert.deepEqual(disk.log, ["sync", "synced", "1 lines"]);
});

Deno.test("Checkpoints lets the next segment be written meanwhile, and no more", async () => {
  const disk = fakeDisk();
  await disk.checkpoints.add(LINE);
  let isAhead = false;
  const next = disk.checkpoints.add(LINE).then(() => isAhead = true);
  await turn();
  assert.equal(isAhead, false);
  disk.synced[0]!.resolve();
  await next;
  disk.synced[1]!.resolve();
  await disk.checkpoints.settle();
  assert.deepEqual(disk.log, [
    ...["sync", "synced", "1 lines"],
    ...["sync", "synced", "1 lines"],
  ]);
});

Deno.test("Checkpoints writes no line where the sync fails, and throws it at the next call", async () => {
  const disk = fakeDisk();
  await disk.checkpoints.add(LINE);
  disk.synced[0]!.reject(new Error("EIO"));
  await turn();
  await assert.rejects(disk.checkpoints.add(LINE), /EIO/);
  await assert.rejects(disk.checkpoints.settle(), /EIO/);
  assert.deepEqual(disk.log, ["sync"]);
});

function fakeDisk() {
  const log: string[] = [];
  const synced: PromiseWithResolvers<void>[] = [];
  const content = {
    sync() {
      log.push("sync");
      const next = Promise.withResolvers<void>();
      synced.push(next);
      return next.promise.then(() => void log.push("synced"));
    },
  } as Pick<PartContent, "sync"> as PartContent;
  const journal = {
    commit: (...lines: object[]) => Promise.resolve(void log.push(`${lines.length} lines`)),
  } as unknown as Journal;
  return { log, synced, checkpoints: new Checkpoints(content, journal) };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
