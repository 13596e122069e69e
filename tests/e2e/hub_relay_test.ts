import assert from "node:assert/strict";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256, treeOf } from "../helpers/tree.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("send --peer relays files of any size to one person, with that person's receipt", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  const sizes = [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 9_000_000];
  for (const size of sizes) await scene.write(`${size}.bin`, sampleBytes(size));
  const names = sizes.map((size) => `${size}.bin`);
  const sent = await scene.send([...names, "--peer", "bob", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  const delivered = eventsOf(sent, "delivered");
  for (const size of sizes) {
    const event = delivered.find(({ name }) => name === `${size}.bin`)!;
    const receipt = { to: "bob", bytes: size, savedAs: `${size}.bin`, resumedAt: 0 };
    assert.deepEqual(
      [event.to, event.bytes, event.savedAs, event.resumedAt],
      Object.values(receipt),
    );
    assert.equal(event.sha256, sha256(sampleBytes(size)));
    assert.deepEqual(await bob.received(`${size}.bin`), sampleBytes(size));
  }
  assert.deepEqual(
    eventsOf(sent, "done").map(({ delivered, stored, failed }) => ({
      delivered,
      stored,
      failed,
    })),
    [{ delivered: 5, stored: 0, failed: 0 }],
  );
  assert.deepEqual(bob.names(), names.sort());
  assert.deepEqual(scene.names(), [], "the hub itself has received something");
  await bob.cleared();
  assert.deepEqual(contents(scene), [], "the spool keeps what everybody has");
});

Deno.test("what is sent to one person arrives in the order in which it was sent", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  const names = Array.from({ length: 8 }, (_, i) => `${i}.txt`);
  for (const name of names) {
    await scene.write(name, sampleBytes(name === "0.txt" ? 3_000_000 : 10));
    const { code } = await scene.send([name, "--peer", "bob", "--wait", "stored"]);
    assert.equal(code, 0);
  }
  for (const name of names) await bob.received(name);
  const { stdout } = await bob.stop("SIGINT");
  const received = eventsOf({ stdout, stderr: "", code: 0 }, "received");
  assert.deepEqual(received.map(({ name }) => name), names);
});

Deno.test("a broadcast goes up once, and arrives with everybody but the sender", async () => {
  await using scene = await Scene.open();
  const names = ["bo", "cy", "di", "ed", "flo"];
  await using people = await Joiner.joinAll(scene, names);
  await using ana = await Joiner.join(scene, "ana");
  const bytes = sampleBytes(3_000_000);
  await scene.write("all.bin", bytes);
  const sent = await scene.send(["all.bin", "--all", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  const delivered = eventsOf(sent, "delivered");
  assert.deepEqual(delivered.map(({ to }) => to).sort(), names);
  assert.equal(new Set(delivered.map(({ transfer }) => transfer)).size, 1);
  const moved = eventsOf(sent, "progress").map((event) => event.bytes);
  assert.ok(Math.max(...moved) <= bytes.length, "more than one upload");
  for (const person of people) assert.deepEqual(await person.received("all.bin"), bytes);
  assert.deepEqual(ana.names(), []);
  const relayed = await Promise.all(
    names.map((to) => scene.hub.event("relayed", (event) => event.to === to)),
  );
  assert.deepEqual(relayed.map(({ state, from }) => [state, from]), [
    ...names.map(() => ["delivered", "ana"]),
  ]);
});

Deno.test("folders, standard input and texts go through the hub as they go to it", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  for (const [i, name] of ["a.txt", "b/c/d.bin", "ü/№ 1"].entries()) {
    await scene.write(`trip/${name}`, sampleBytes(i * 400_000));
  }
  await Deno.mkdir(join(scene.files, "trip/b/empty"));
  assert.equal((await scene.send(["trip", "--peer", "bob"])).code, 0);
  const piped = ["-", "--as", "in.bin", "--peer", "bob"];
  assert.equal((await scene.send(piped, { stdin: sampleBytes(700_000) })).code, 0);
  assert.equal((await scene.send(["--text", "at 8 ☕", "--peer", "bob"])).code, 0);
  assert.deepEqual(await treeOf(join(bob.dir, "trip")), await treeOf(join(scene.files, "trip")));
  assert.deepEqual(await bob.received("in.bin"), sampleBytes(700_000));
  assert.equal(new TextDecoder().decode(await bob.received("message.txt")), "at 8 ☕");
});

Deno.test("one refusal is told to the sender with its reason, and the others have it", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy", { args: ["--types", "image"] });
  await using di = await Joiner.join(scene, "di", { args: ["--max-file-size", "1kB"] });
  await scene.write("table.csv", "a,b\n1,2\n".repeat(1000));
  const people = ["bob", "cy", "di", "zoe"].flatMap((name) => ["--peer", name]);
  const unknown = await scene.send(["table.csv", ...people]);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /nobody named "zoe" has joined "rack"/);
  assert.deepEqual(bob.names(), [], "it went out although somebody is not known");
  const sent = await scene.send(["table.csv", ...people.slice(0, -2), "--json"]);
  assert.equal(sent.code, 4);
  assert.deepEqual(eventsOf(sent, "delivered").map(({ to }) => to), ["bob"]);
  const failed = eventsOf(sent, "failed").sort((a, b) => a.to < b.to ? -1 : 1);
  assert.deepEqual(failed.map(({ to, exit, name }) => [to, exit, name]), [
    ["cy", 4, "table.csv"],
    ["di", 4, "table.csv"],
  ]);
  assert.match(
    failed[0]!.message,
    /"table.csv" did not get to "cy": only images are accepted/,
  );
  assert.match(failed[1]!.message, /it is 8\.0 KB; at most 1\.0 KB are accepted here/);
  await bob.received("table.csv");
  const refused = await scene.hub.event("refused", ({ to }) => to === "cy");
  assert.deepEqual([refused.from, refused.name, refused.reason], ["ana", "", "kind"]);
  for (const person of [cy, di]) assert.deepEqual(person.names(), []);
  const isEmpty = () =>
    assert.deepEqual(contents(scene), [], "what everybody has an answer to is kept");
  await eventually(isEmpty);
});

Deno.test("who is refused by everybody does not go on sending", async () => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob", { args: ["--types", "image"] });
  await scene.write("big.bin", sampleBytes(20_000_000));
  const sent = await scene.send(["big.bin", "--peer", "bob", "--limit", "1MB/s", "--json"]);
  assert.equal(sent.code, 4);
  assert.match(eventsOf(sent, "failed")[0]!.message, /only images are accepted/);
  const moved = eventsOf(sent, "progress").map((event) => event.bytes);
  assert.ok(Math.max(0, ...moved) < 20_000_000, "all of it was sent for nobody");
  await eventually(() => assert.deepEqual(contents(scene), []));
});

Deno.test("one can send to oneself, and the same person named twice gets it once", async () => {
  await using scene = await Scene.open();
  await using ana = await Joiner.join(scene, "ana");
  await scene.write("a.txt", "for me");
  const sent = await scene.send(["a.txt", "--peer", "ana", "--peer", "ANA", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(eventsOf(sent, "delivered").map(({ to }) => to), ["ana"]);
  assert.equal(new TextDecoder().decode(await ana.received("a.txt")), "for me");
  assert.deepEqual(ana.names(), ["a.txt"]);
});

Deno.test("three homes on one machine: each serves, joins another and sends, all at once", async () => {
  await using a = await Scene.open();
  await using b = await Scene.open();
  await using c = await Scene.open();
  const scenes = [a, b, c];
  for (const [i, scene] of scenes.entries()) await scene.write("hello.txt", `from home ${i}`);
  // Home i of a scene is the hub of that scene, joined to the next one.
  const joiners = await Promise.all(scenes.map(async (scene, i) => {
    const home = await scenes[(i + 2) % 3]!.home("hub");
    return await Joiner.join(scene, `home-${i}`, { args: ["--home", home] });
  }));
  try {
    const sent = await Promise.all(
      scenes.map((scene, i) => scene.send(["hello.txt", "--peer", `home-${i}`])),
    );
    assert.deepEqual(sent.map(({ code }) => code), [0, 0, 0]);
    for (const [i, joiner] of joiners.entries()) {
      assert.equal(new TextDecoder().decode(await joiner.received("hello.txt")), `from home ${i}`);
    }
  } finally {
    await Promise.all(joiners.map((joiner) => joiner[Symbol.asyncDispose]()));
  }
});

/** Content that the hub's spool holds. */
function contents(scene: Scene): string[] {
  const spool = join(scene.dir, "homes", "hub", "spool");
  return [...Deno.readDirSync(spool)].flatMap(({ name }) =>
    [...Deno.readDirSync(join(spool, name))].map((file) => file.name)
  ).filter((name) => name === "content");
}
