import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256, treeOf } from "../helpers/tree.ts";
import { eventsOf, Program } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("a name that is taken is numbered, for files and for folders", async () => {
  await using scene = await Scene.open();
  for (let i = 0; i < 3; i++) {
    await scene.write("photo.png", `photo ${i}`);
    await scene.write("trip/day", `day ${i}`);
    const { stdout } = await scene.send(["photo.png", "trip"]);
    if (i > 0) assert.match(stdout, new RegExp(` as "photo \\(${i}\\)\\.png" \\(`));
  }
  const texts = [
    "photo.png",
    "photo (1).png",
    "photo (2).png",
    "trip/day",
    "trip (1)/day",
    "trip (2)/day",
  ];
  assert.deepEqual(await Promise.all(texts.map((name) => scene.readText(name))), [
    ...["photo 0", "photo 1", "photo 2", "day 0", "day 1", "day 2"],
  ]);
  assert.deepEqual(scene.names(), [
    ...["photo (1).png", "photo (2).png", "photo.png", "trip", "trip (1)", "trip (2)"],
  ]);
});

Deno.test("--on-conflict skip moves nothing where the same file is there already", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "skip"] });
  await scene.write("a.bin", sampleBytes(300_000));
  assert.equal((await scene.send(["a.bin"])).code, 0);
  const before = await treeOf(scene.received, ".p2p-partial");
  await Deno.utime(join(scene.files, "a.bin"), 1, 1);
  const again = await scene.send(["a.bin"]);
  assert.match(again.stdout, /^delivered a\.bin to rack \(300 KB, it was there already\)\n$/);
  assert.equal(again.code, 0);
  assert.deepEqual(await treeOf(scene.received, ".p2p-partial"), before);
  const sent = await scene.send(["a.bin", "--json"]);
  const { already, resumedAt, bytes } = eventsOf(sent, "delivered")[0]!;
  assert.deepEqual({ already, resumedAt, bytes }, {
    already: true,
    resumedAt: 300_000,
    bytes: 300_000,
  });
  await scene.cleared();
});

for (
  const [what, content] of [["content of the same size", "other"], [
    "another size",
    "longer than that",
  ]] as const
) {
  Deno.test(`--on-conflict skip refuses a file of ${what}`, async () => {
    await using scene = await Scene.open({ serve: ["--on-conflict", "skip"] });
    await Deno.writeTextFile(join(scene.received, "a.txt"), "first");
    await scene.write("a.txt", content);
    const { code, stdout, stderr } = await scene.send(["a.txt", "--quiet"]);
    assert.match(
      stderr,
      /^error: "a\.txt" was refused: something of this name is there already, and such names are skipped\n$/,
    );
    assert.equal(stdout, "");
    assert.equal(code, 4);
    assert.equal(await scene.readText("a.txt"), "first");
    assert.deepEqual(scene.names(), ["a.txt"]);
    await scene.cleared();
  });
}

Deno.test("--on-conflict skip refuses a folder whose name is taken", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "skip"] });
  await scene.write("trip/day", "1");
  assert.equal((await scene.send(["trip"])).code, 0);
  await scene.write("trip/night", "2");
  assert.equal((await scene.send(["trip"])).code, 4);
  assert.deepEqual(Object.keys(await treeOf(scene.received, ".p2p-partial")), ["trip", "trip/day"]);
});

Deno.test("--on-conflict overwrite replaces files, also those in a folder, and keeps the others", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "overwrite"] });
  for (const content of ["old", "new"]) {
    await scene.write("a.txt", content);
    await scene.write("trip/day", content);
    await scene.write(`trip/${content}/only`, content);
    if (content === "new") await Deno.remove(join(scene.files, "trip/old"), { recursive: true });
    assert.equal((await scene.send(["a.txt", "trip"])).code, 0);
  }
  assert.deepEqual(scene.names(), ["a.txt", "trip"]);
  for (const name of ["a.txt", "trip/day", "trip/new/only"]) {
    assert.equal(await scene.readText(name), "new");
  }
  assert.equal(await scene.readText("trip/old/only"), "old");
});

Deno.test("--on-conflict overwrite puts no file over a folder, and no folder over a file", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "overwrite"] });
  await Deno.mkdir(join(scene.received, "a"));
  await Deno.writeTextFile(join(scene.received, "b"), "file");
  await scene.write("a", "file");
  await scene.write("b/file", "in a folder");
  for (const name of ["a", "b"]) {
    const { code, stderr } = await scene.send([name, "--quiet"]);
    assert.match(stderr, /^error: .*cannot publish .*the name is taken/);
    assert.equal(code, 4);
  }
  assert.deepEqual(Object.keys(await treeOf(scene.received, ".p2p-partial")), ["a", "b"]);
});

const HIDDEN = [".bashrc", ".ssh", "-rf", "--help"];

Deno.test("names that hide or look like options get _ in front, but not inside a folder", async () => {
  await using scene = await Scene.open();
  for (const name of HIDDEN) await scene.write(name, name);
  await scene.write("folder/.hidden/-x", "stays");
  const { code, stdout } = await scene.send(["--", ...HIDDEN, "folder"]);
  assert.match(stdout, /^delivered \.bashrc to rack as _\.bashrc \(/m);
  assert.equal(code, 0);
  assert.deepEqual(scene.names(), [...HIDDEN.map((name) => `_${name}`), "folder"].sort());
  assert.equal(await scene.readText("folder/.hidden/-x"), "stays");
});

Deno.test("--allow-hidden leaves names as they are, but for the staging folder's", async () => {
  await using scene = await Scene.open({ serve: ["--allow-hidden"] });
  for (const name of [...HIDDEN, ".p2p-partial"]) await scene.write(name, name);
  assert.equal((await scene.send(["--", ...HIDDEN])).code, 0);
  assert.deepEqual(scene.names(), HIDDEN.toSorted());
  const { code, stderr } = await scene.send([".p2p-partial", "--quiet"]);
  assert.match(stderr, /it is kept for unfinished transfers\n$/);
  assert.equal(code, 4);
});

Deno.test("200 files of one name from four senders through two hubs all arrive whole", async () => {
  await using scene = await Scene.open();
  // Another process with the same folder: only the operating system can tell them which name is whose.
  const args = ["serve", "--json", "--port", "0", "--dir", scene.received, "--name", "annex"];
  await using annex = new Program(args, { home: await scene.home("annex") });
  const hubs = [scene.to, `127.0.0.1:${(await annex.event("listening")).port}`];
  const digests: string[] = [];
  const senders = ["ana", "bo", "chi", "dov"];
  for (const sender of senders) {
    for (let i = 0; i < 50; i++) {
      const bytes = sampleBytes(1000 + i, digests.length + 1);
      digests.push(sha256(bytes));
      await scene.write(`${sender}/${i}/same.bin`, bytes);
    }
  }
  const sent = await Promise.all(senders.map((as, i) => {
    const files = Array.from({ length: 50 }, (_, i) => `${as}/${i}/same.bin`);
    return scene.send([...files, "--to", hubs[i % 2]!], { as });
  }));
  for (const { code, stderr } of sent) assert.equal(code, 0, stderr);
  const arrived = await Promise.all(
    scene.names().map(async (name) => sha256(await scene.read(name))),
  );
  assert.deepEqual(arrived.sort(), digests.sort());
});
