import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf, type Finished } from "./program.ts";
import { Scene } from "./scene.ts";

const BYTES = 3_000_000;
const FILM = sampleBytes(BYTES);

for (const onConflict of ["rename", "skip", "overwrite"]) {
  Deno.test(`a file that is sent again is there already, and moves nothing, with ${onConflict}`, async () => {
    await using scene = await Scene.open({ serve: ["--on-conflict", onConflict] });
    await scene.write("film.bin", FILM);
    await scene.write("sub/film.bin", FILM);
    assert.equal(eventOf(await scene.send(["film.bin", "--json"])).already, undefined);
    const path = join(scene.received, "film.bin");
    const before = Deno.statSync(path);
    // From another path, too: it is the content and the name that count.
    for (const file of ["film.bin", "sub/film.bin"]) {
      // At this rate it would take an hour.
      const sent = await scene.send([file, "--limit", "1KB/s", "--json"]);
      const { already, savedAs, resumedAt, sha256: digest } = eventOf(sent);
      assert.deepEqual([already, savedAs, resumedAt], [true, "film.bin", BYTES]);
      assert.equal(digest, sha256(FILM));
    }
    const { stdout } = await scene.send(["film.bin"]);
    assert.match(stdout, /^delivered film\.bin to rack \(3\.0 MB, it was there already\)\n$/);
    assert.deepEqual(Deno.statSync(path), before);
    assert.deepEqual(scene.names(), ["film.bin"]);
    await scene.cleared();
    const told = eventsOf(await scene.stopHub("SIGINT"), "already");
    assert.deepEqual(told.map(({ from, path }) => [from, path]), told.map(() => ["ana", path]));
    assert.equal(told.length, 3);
  });
}

Deno.test("what has changed on either side is sent anew, and so is all with --no-resume", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "first");
  const send = async (...args: string[]) => {
    const { already = false, savedAs } = eventOf(await scene.send(["a.txt", "--json", ...args]));
    return [already, savedAs];
  };
  assert.deepEqual(await send(), [false, "a.txt"]);
  assert.deepEqual(await send("--no-resume"), [false, "a (1).txt"]);
  await scene.write("a.txt", "other");
  assert.deepEqual(await send(), [false, "a (2).txt"]);
  assert.deepEqual(await send(), [true, "a (2).txt"]);
  await Deno.writeTextFile(join(scene.received, "a (2).txt"), "mine!");
  assert.deepEqual(await send(), [false, "a (3).txt"]);
  assert.equal(await scene.readText("a (2).txt"), "mine!");
  assert.equal(await scene.readText("a (3).txt"), "other");
});

Deno.test("a text that is sent again comes again", async () => {
  await using scene = await Scene.open();
  for (let i = 0; i < 2; i++) {
    assert.equal(eventOf(await scene.send(["--text", "hello", "--json"])).already, undefined);
  }
  assert.equal(scene.names().length, 2);
});

Deno.test("a relayed file that is sent again is there already for whom it came to, and new for others", async () => {
  await using scene = await Scene.open();
  const [bo, cy] = await Promise.all(["bo", "cy"].map((name) => Joiner.join(scene, name)));
  await using _bo = bo!;
  await using _cy = cy!;
  await scene.write("film.bin", FILM);
  const first = await scene.send(["film.bin", "--peer", "bo", "--json"]);
  assert.equal(eventOf(first).already, undefined);
  const sent = await scene.send(["film.bin", "--peer", "bo", "--peer", "cy", "--json"]);
  const outcomes = eventsOf(sent, "delivered").map(({ to, already = false }) => [to, already]);
  assert.deepEqual(outcomes.sort(), [["bo", true], ["cy", false]]);
  // Nothing is left to be sent once everybody has said so.
  const slow = ["--limit", "300KB/s", "--json"];
  const again = await scene.send(["film.bin", "--peer", "bo", "--peer", "cy", ...slow]);
  assert.deepEqual(eventsOf(again, "delivered").map(({ already }) => already), [true, true]);
  assert.ok(eventsOf(again, "progress").every(({ bytes }) => bytes < BYTES), "all of it was sent");
  for (const person of [bo!, cy!]) {
    assert.deepEqual(person.names(), ["film.bin"]);
    assert.deepEqual(await Deno.readFile(join(person.dir, "film.bin")), FILM);
  }
});

function eventOf(sent: Finished) {
  assert.equal(sent.code, 0, sent.stderr);
  return eventsOf(sent, "delivered")[0]!;
}
