import assert from "node:assert/strict";
import { join } from "node:path";
import { BREATH_EVERY, FIRST_DETOUR, QuickFile } from "../../src/storage/quick_file.ts";
import { beSlow } from "./be_slow.ts";
import { tempFolder } from "./staged.ts";

const BYTES = new TextEncoder().encode("0123456789");

Deno.test("QuickFile writes and reads what a file writes and reads, from where it stands", async () => {
  await using folder = await tempFolder();
  const file = new QuickFile(await openNew(folder.path));
  assert.equal(await file.write(BYTES), BYTES.length);
  await file.seek(7);
  const into = new Uint8Array(10);
  assert.equal(await file.read(into), 3);
  assert.deepEqual(into.subarray(0, 3), BYTES.subarray(7));
  assert.equal(await file.read(into), null);
  file.close();
});

Deno.test("QuickFile leaves what follows a slow operation to another thread, more each time", async () => {
  await using folder = await tempFolder();
  const file = await openNew(folder.path);
  const calls: string[] = [];
  const { write, writeSync } = file;
  file.writeSync = (bytes) => (calls.push("at once"), beSlow(), writeSync.call(file, bytes));
  file.write = (bytes) => (calls.push("thread"), write.call(file, bytes));
  const quick = new QuickFile(file);
  for (let i = 0; i < 3 * FIRST_DETOUR + 3; i++) await quick.write(BYTES);
  const threads = (count: number) => Array.from({ length: count }, () => "thread");
  assert.deepEqual(calls, [
    "at once",
    ...threads(FIRST_DETOUR),
    "at once",
    ...threads(2 * FIRST_DETOUR),
    "at once",
  ]);
  quick.close();
  assert.equal((await Deno.stat(join(folder.path, "x"))).size, calls.length * BYTES.length);
});

Deno.test("QuickFile lets others have their turn while it is fast, too", async () => {
  await using folder = await tempFolder();
  const file = await openNew(folder.path);
  let turns = 0;
  const { write } = file;
  file.write = (bytes) => (turns++, write.call(file, bytes));
  const quick = new QuickFile(file);
  for (let i = 0; i < 20 * BREATH_EVERY; i++) await quick.write(BYTES);
  assert.ok(turns >= 20);
  quick.close();
});

Deno.test("QuickFile throws what the system says", async () => {
  await using folder = await tempFolder();
  const file = await openNew(folder.path, { read: false });
  const quick = new QuickFile(file);
  await assert.rejects(quick.read(new Uint8Array(1)));
  quick.close();
});

function openNew(folder: string, { read = true } = {}): Promise<Deno.FsFile> {
  return Deno.open(join(folder, "x"), { read, write: true, createNew: true });
}
