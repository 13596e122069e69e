import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleBytes, sampleCsv, samplePng } from "../helpers/sample_files.ts";
import { Scene } from "./scene.ts";

Deno.test("--types refuses other kinds, and tells both sides why", async () => {
  await using scene = await Scene.open({ serve: ["--types", "csv,json"], plain: true });
  await scene.write("photo.csv", samplePng(8, 8)); // What it is goes by its content first.
  await scene.write("table.csv", sampleCsv(3));
  const refused = await scene.send(["photo.csv", "--quiet"]);
  const reason = "only CSV files and JSON files are accepted here";
  assert.equal(refused.stderr, `error: "photo.csv" was refused: ${reason}\n`);
  assert.equal(refused.code, 4);
  assert.equal(await scene.hub.line("refused"), `refused photo.csv from ana: ${reason}`);
  assert.equal((await scene.send(["table.csv"])).code, 0);
  assert.deepEqual(scene.names(), ["table.csv"]);
});

Deno.test("--types takes a folder whole or not at all", async () => {
  await using scene = await Scene.open({ serve: ["--types", "csv"], plain: true });
  await scene.write("mixed/1.csv", sampleCsv(3));
  await scene.write("mixed/2.bin", sampleBytes(100));
  const refused = await scene.send(["mixed", "--quiet"]);
  const reason = '"2.bin" is not accepted: only CSV files are accepted here';
  assert.equal(refused.stderr, `error: the receiver stopped "mixed": ${reason}\n`);
  assert.equal(refused.code, 4);
  assert.match(await scene.hub.line("mixed"), new RegExp(`${reason}$`));
  assert.deepEqual(scene.names(), []);
  await scene.cleared();
  await Deno.remove(join(scene.files, "mixed/2.bin"));
  assert.equal((await scene.send(["mixed"])).code, 0);
});

Deno.test("--max-file-size takes what just fits, and refuses one byte more", async () => {
  await using scene = await Scene.open({ serve: ["--max-file-size", "1kB"], plain: true });
  await scene.write("fits.bin", sampleBytes(1000));
  await scene.write("over.bin", sampleBytes(1001));
  await scene.write("folder/a", sampleBytes(500));
  await scene.write("folder/b", sampleBytes(501));
  const { code, stderr } = await scene.send(["fits.bin", "over.bin", "folder", "--quiet"]);
  const reason = "it is 1,001 B; at most 1,000 B are accepted here";
  assert.deepEqual(stderr.trimEnd().split("\n").sort(), [
    `error: "folder" was refused: ${reason}`,
    `error: "over.bin" was refused: ${reason}`,
  ]);
  assert.equal(code, 4);
  assert.equal(await scene.hub.line("refused over.bin"), `refused over.bin from ana: ${reason}`);
  assert.deepEqual(scene.names(), ["fits.bin"]);
});

Deno.test("--max-file-size holds for standard input too, as it comes", async () => {
  await using scene = await Scene.open({ serve: ["--max-file-size", "1kB"], plain: true });
  const fits = await scene.send(["-", "--as", "fits"], { stdin: sampleBytes(1000) });
  assert.equal(fits.code, 0);
  for (const size of [1001, 3_000_000]) {
    const over = await scene.send(["-", "--as", "over", "--quiet"], { stdin: sampleBytes(size) });
    assert.equal(
      over.stderr,
      'error: the receiver stopped "over": it is larger than the 1.0 KB that are accepted here\n',
    );
    assert.equal(over.code, 4);
  }
  assert.match(
    await scene.hub.line("interrupted"),
    /: it is larger than the 1.0 KB that are accepted here$/,
  );
  assert.deepEqual(scene.names(), ["fits"]);
  await scene.cleared();
});

Deno.test("--quota counts what a key has here until it is moved away, and says what is left", async () => {
  await using scene = await Scene.open({ serve: ["--quota", "10kB"] });
  await scene.write("old.bin", sampleBytes(4000));
  await scene.write("a.bin", sampleBytes(5000));
  await scene.write("b.bin", sampleBytes(1001));
  assert.equal((await scene.send(["old.bin", "a.bin"])).code, 0);
  await scene.stopHub("SIGKILL");
  await scene.startHub();
  const { code, stderr } = await scene.send(["b.bin", "--quiet"]);
  const reason = "no room: 1,001 B needed, the quota has 1,000 B left (of 10.0 KB)";
  assert.equal(stderr, `error: "b.bin" was refused: ${reason}\n`);
  assert.equal(code, 4);
  assert.equal((await scene.hub.event("refused")).reason, reason);
  const piped = await scene.send(["-", "--as", "c.bin", "--quiet"], { stdin: sampleBytes(1001) });
  assert.equal(piped.stderr, `error: the receiver stopped "c.bin": ${reason}\n`);
  assert.equal(piped.code, 4);
  assert.equal((await scene.send(["-", "--as", "d"], { stdin: sampleBytes(1000) })).code, 0);
  assert.equal((await scene.send(["-", "--as", "e"], { stdin: sampleBytes(1) })).code, 4);
  assert.deepEqual(scene.names(), ["a.bin", "d", "old.bin"]);
  assert.equal((await scene.send(["b.bin"], { as: "bo" })).code, 0, "another key");
  await Deno.remove(join(scene.received, "a.bin"));
  assert.equal((await scene.send(["a.bin"])).code, 0);
});

for (const source of ["files", "standard input"]) {
  Deno.test(`ten at once do not go over the quota with ${source}`, async () => {
    await using scene = await Scene.open({ serve: ["--quota", "1MB"] });
    await scene.write("third.bin", sampleBytes(300_000));
    const sent = await Promise.all(Array.from({ length: 10 }, () => {
      return source === "files"
        ? scene.send(["third.bin", "--no-resume", "--limit", "1MB/s"])
        : scene.send(["-", "--as", "third.bin", "--limit", "1MB/s"], {
          stdin: sampleBytes(300_000),
        });
    }));
    const codes = sent.map(({ code }) => code).sort();
    const arrived = codes.filter((code) => code === 0).length;
    if (source === "files") assert.deepEqual(codes, [0, 0, 0, ...Array(7).fill(4)]);
    assert.ok(arrived <= 3 && codes.slice(arrived).every((code) => code === 4), codes.join());
    assert.equal(scene.names().length, arrived);
  });
}
