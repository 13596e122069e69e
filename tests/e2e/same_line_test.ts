import assert from "node:assert/strict";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { eventsOf, Program } from "./program.ts";
import { Scene } from "./scene.ts";

const BYTES = 2 * SEGMENT_BYTES;

const SLOW = ["--limit", "15MB/s"];

for (const people of [[], ["--peer", "bo"]]) {
  const way = people.length === 0 ? "to the hub" : "to people";
  Deno.test(`the same line ${way} sends nothing twice that was delivered before the cut`, async () => {
    await using scene = await Scene.open();
    const dir = people.length === 0 ? scene.received : `${scene.dir}/bo`;
    const join = ["join", scene.to, "--name", "bo", "--dir", dir, "--json"];
    await using bo = new Program(join, { home: await scene.home("bo") });
    await bo.event("joined");
    for (const name of ["1.txt", "2.txt"]) await scene.write(name, name);
    await scene.write("big.bin", sampleBytes(BYTES));
    const line = ["1.txt", "2.txt", "big.bin", ...people, "--json"];
    {
      await using sender = await scene.sending([...line, ...SLOW]);
      for (const name of ["1.txt", "2.txt"]) {
        await sender.event("delivered", (e) => e.name === name);
      }
      sender.kill("SIGKILL");
    }
    const again = await scene.send(line);
    assert.equal(again.code, 0, again.stderr);
    const told = eventsOf(again, "delivered").map(({ name }) => name);
    assert.deepEqual(told.sort(), ["1.txt", "2.txt", "big.bin"]);
    assert.deepEqual(namesIn(dir), ["1.txt", "2.txt", "big.bin"]);
    // It is done: from here on the same line means to send once more what is not there already.
    assert.equal((await scene.send(line)).code, 0);
    assert.deepEqual(namesIn(dir), ["1.txt", "2.txt", "big.bin"]);
    assert.equal((await scene.send([...line, "--no-resume"])).code, 0);
    assert.deepEqual(namesIn(dir), [
      ...["1 (1).txt", "1.txt", "2 (1).txt", "2.txt", "big (1).bin", "big.bin"],
    ]);
  });
}

Deno.test("another line sends what was delivered in one that was cut off", async () => {
  await using scene = await Scene.open();
  await scene.write("1.txt", "1");
  await scene.write("big.bin", sampleBytes(BYTES));
  {
    await using sender = await scene.sending(["1.txt", "big.bin", "--json", ...SLOW]);
    await sender.event("delivered");
    sender.kill("SIGKILL");
  }
  await Deno.remove(`${scene.received}/1.txt`);
  assert.equal((await scene.send(["1.txt"])).code, 0);
  assert.deepEqual(scene.names(), ["1.txt"]);
});

function namesIn(dir: string): string[] {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name);
  return names.filter((name) => name !== ".p2p-partial").sort();
}
