import assert from "node:assert/strict";
import { KeyedLog } from "../../src/home/keyed_log.ts";
import { int } from "../../src/protocol/schema.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [a, b] = ["a".repeat(32), "b".repeat(32)];

Deno.test("KeyedLog has the last value of each key, at once and in a later run, for this user alone", async () => {
  await using dir = await TempDir.make();
  const log = openLog(dir);
  assert.equal(await log.find(a), undefined);
  log.add(a, 1);
  log.add(b, 2);
  log.add(a, 3);
  assert.deepEqual([await log.find(a), await log.find(b)], [3, 2]);
  await log.written();
  const later = openLog(dir);
  assert.deepEqual([await later.find(a), await later.find(b)], [3, 2]);
  assert.equal(Deno.statSync(dir.join("home", "log")).mode! & 0o777, 0o600);
});

Deno.test("KeyedLog forgets the oldest values, here and in the file", async () => {
  await using dir = await TempDir.make();
  const log = openLog(dir, 1_000);
  for (let i = 0; i < 200; i++) log.add(keyOf(i), i);
  await log.written();
  for (const one of [log, openLog(dir)]) {
    assert.deepEqual([await one.find(keyOf(0)), await one.find(keyOf(199))], [undefined, 199]);
  }
  assert.ok(Deno.statSync(dir.join("home", "log")).size <= 2_000);
});

Deno.test("KeyedLog passes over what a crash tore and what is not for it, and needs no disk", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("home"));
  const lines = [`${a} 1`, `${b} "text"`, "", "torn", `${b} {`, `${a} 2`];
  await Deno.writeTextFile(dir.join("home", "log"), lines.join("\n"), { mode: 0o600 });
  const log = openLog(dir);
  assert.deepEqual([await log.find(a), await log.find(b)], [2, undefined]);
  const nowhere = new KeyedLog({ home: "/dev/null/home", file: "log", check: int() });
  nowhere.add(a, 1);
  await nowhere.written();
  assert.equal(await nowhere.find(a), 1);
});

function openLog(dir: TempDir, keepLength?: number) {
  return new KeyedLog({
    ...{ home: dir.join("home"), file: "log", check: int() },
    ...keepLength !== undefined && { keepLength },
  });
}

function keyOf(i: number): string {
  return i.toString(16).padStart(32, "0");
}
