import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { fileSha256, treeOf } from "../helpers/tree.ts";
import { eventsOf } from "./program.ts";
import { hasIPv6 } from "../helpers/has_ipv6.ts";
import { Scene } from "./scene.ts";

/** An executable that was built on Deno 2.6 seals in JavaScript. */
const HUGE_BYTES = Deno.env.get("P2P_BIN") ? 100e6 : 1e9;

for (const size of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5_000_000]) {
  Deno.test(`send delivers a file of ${size} bytes`, async () => {
    await using scene = await Scene.open();
    const bytes = sampleBytes(size);
    await scene.write("data.bin", bytes);
    const { code, stdout } = await scene.send(["data.bin"]);
    assert.match(stdout, /^delivered data\.bin to rack \(.*latency .*\)\n$/);
    assert.equal(code, 0);
    assert.deepEqual(await scene.read("data.bin"), bytes);
    await scene.cleared();
  });
}

Deno.test(`send delivers a file of ${HUGE_BYTES} bytes`, async () => {
  await using scene = await Scene.open();
  const digest = await writeHuge(join(scene.files, "huge.bin"), HUGE_BYTES);
  assert.equal((await scene.send(["huge.bin"])).code, 0);
  assert.equal(await fileSha256(join(scene.received, "huge.bin")), digest);
});

Deno.test("send keeps names of any script", async () => {
  await using scene = await Scene.open();
  const names = [
    ...["отчёт.csv", "レポート.txt", "تقرير.json", "दस्तावेज़.txt", "보고서", "דוח.txt", "ዘገባ"],
    ...["🏔️ trip.txt", "naïve (1).pdf", "two  spaces", "100%.txt", "$HOME", "`id`", "'q'", "#;&!"],
    ...["x".repeat(251) + ".txt", "é".repeat(127) + "e", "a.b.c", "-rf"],
  ];
  for (const name of names) await scene.write(name, `content of ${name}`);
  const { code, stderr } = await scene.send(["--", ...names]);
  assert.equal(code, 0, stderr);
  const published = names.map((name) => name.startsWith("-") ? `_${name}` : name);
  assert.deepEqual(scene.names(), published.sort());
  for (const name of published) {
    assert.equal(await scene.readText(name), `content of ${name.replace(/^_/, "")}`);
  }
});

Deno.test("send composes names, as files of another system may be decomposed", async () => {
  await using scene = await Scene.open();
  await scene.write("cafe\u0301.txt", "1");
  assert.equal((await scene.send(["cafe\u0301.txt"])).code, 0);
  assert.deepEqual(scene.names(), ["caf\u00e9.txt"]);
});

Deno.test("send takes several files, and names each", async () => {
  await using scene = await Scene.open();
  const names = Array.from({ length: 9 }, (_, i) => `${i}.txt`);
  for (const name of names) await scene.write(name, name);
  const { code, stdout } = await scene.send(names);
  assert.equal(code, 0);
  const delivered = stdout.trimEnd().split("\n").map((line) => /^delivered (\S+)/.exec(line)?.[1]);
  assert.deepEqual(delivered.sort(), names);
  assert.deepEqual(scene.names(), names);
});

Deno.test("--as is the name at the receiver, of a file and of a folder", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await scene.write("folder/x", "x");
  assert.equal((await scene.send(["a.txt", "--as", "b.txt"])).code, 0);
  assert.equal((await scene.send(["folder", "--as", "other"])).code, 0);
  assert.deepEqual(scene.names(), ["b.txt", "other"]);
});

Deno.test("--text is a message of its own", async () => {
  await using scene = await Scene.open({ plain: true });
  assert.equal((await scene.send(["--text", "see you at 8 ☕"])).code, 0);
  assert.equal(await scene.readText("message.txt"), "see you at 8 ☕");
  assert.match(
    await scene.hub.line("received"),
    /^received message\.txt from ana \(text, 16 B in /,
  );
});

for (const size of [0, 7, 5_000_000]) {
  Deno.test(`standard input of ${size} bytes gets the name of --as`, async () => {
    await using scene = await Scene.open();
    const bytes = sampleBytes(size);
    const { code, stdout } = await scene.send(["-", "--as", "in.bin"], { stdin: bytes });
    assert.equal(code, 0, stdout);
    assert.deepEqual(await scene.read("in.bin"), bytes);
  });
}

Deno.test("--limit holds the rate down", async () => {
  await using scene = await Scene.open();
  await scene.write("data.bin", sampleBytes(4 * CHUNK_BYTES));
  const sent = await scene.send(["data.bin", "--limit", "1MiB/s", "--json"]);
  const { duration } = eventsOf(sent, "delivered")[0]!;
  assert.ok(duration >= 700, `${duration} ms`); // The last of four chunks leaves after three quarters of a second.
});

Deno.test("send keeps a folder's shape, its times and who may run what", async () => {
  await using scene = await Scene.open();
  const at = join(scene.files, "trip");
  for (const [i, name] of ["a.txt", "b/c/d.bin", "b/run.sh", "ü/№ 1"].entries()) {
    await scene.write(`trip/${name}`, sampleBytes(i * 200_000));
  }
  await Deno.mkdir(join(at, "b/empty/deeper"), { recursive: true });
  await Deno.chmod(join(at, "b/run.sh"), 0o755);
  let time = 1_000_000_000_000;
  for (const path of Object.keys(await treeOf(at)).reverse()) {
    await Deno.utime(join(at, path), new Date(time), new Date(time += 86_400_123));
  }
  assert.equal((await scene.send(["trip"])).code, 0);
  assert.deepEqual(await treeOf(join(scene.received, "trip")), await treeOf(at));
});

Deno.test("send takes a folder of 10,000 files", async () => {
  await using scene = await Scene.open();
  for (let folder = 0; folder < 100; folder++) {
    Deno.mkdirSync(join(scene.files, "many", `${folder}`), { recursive: true });
    for (let file = 0; file < 100; file++) {
      const path = join(scene.files, "many", `${folder}`, `${file}.txt`);
      Deno.writeTextFileSync(path, `${folder}/${file}`);
    }
  }
  const { code, stdout } = await scene.send(["many"]);
  assert.equal(code, 0);
  assert.match(stdout, /^delivered many to rack \(folder of 10000 files, /);
  const [sent, arrived] = [scene.files, scene.received].map((dir) => treeOf(join(dir, "many")));
  assert.deepEqual(await arrived, await sent);
});

Deno.test("send leaves links and FIFOs of a folder out, and says so", async () => {
  await using scene = await Scene.open();
  await scene.write("folder/sub/real.txt", "here");
  await Deno.symlink("/etc/passwd", join(scene.files, "folder/link"));
  await Deno.symlink("..", join(scene.files, "folder/sub/up"));
  await new Deno.Command("mkfifo", { args: [join(scene.files, "folder/pipe")] }).output();
  const { code, stderr } = await scene.send(["folder", "--quiet"]);
  assert.deepEqual(stderr.split("\n").sort(), [
    "",
    'warning: left out "link": it is a symbolic link',
    'warning: left out "pipe": it is a FIFO',
    'warning: left out "sub/up": it is a symbolic link',
  ]);
  assert.equal(code, 0);
  assert.deepEqual(Object.keys(await treeOf(scene.received, ".p2p-partial")), [
    ...["folder", "folder/sub", "folder/sub/real.txt"],
  ]);
});

Deno.test("the hub receives from 12 senders at once", async () => {
  await using scene = await Scene.open();
  const people = Array.from({ length: 12 }, (_, i) => `person-${i}`);
  for (const [i, name] of people.entries()) await scene.write(name, sampleBytes(1_000_000, i));
  const sent = await Promise.all(people.map((name) => scene.send([name], { as: name })));
  assert.deepEqual(sent.map(({ code }) => code), people.map(() => 0));
  for (const [i, name] of people.entries()) {
    assert.deepEqual(await scene.read(name), sampleBytes(1_000_000, i));
    await scene.hub.event("received", (event) => event.from === name && event.name === name);
  }
});

Deno.test("P2P_TO stands for --to", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt"], { env: { P2P_TO: scene.to } })).code, 0);
  assert.deepEqual(scene.names(), ["a.txt"]);
});

/** Writes a file of `size` bytes in pieces, and returns its digest. */
async function writeHuge(path: string, size: number): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, createNew: true });
  const piece = sampleBytes(1_000_000);
  for (let at = 0; at < size; at += piece.length) {
    new DataView(piece.buffer).setFloat64(0, at);
    hash.update(piece);
    assert.equal(await file.write(piece), piece.length);
  }
  return hash.digest("hex");
}

Deno.test({
  name: "a hub on this machine is reached in both families, and says where one is somebody else's",
  ignore: !hasIPv6,
}, async () => {
  await using scene = await Scene.open();
  for (const host of ["localhost", "[::1]"]) {
    await scene.write("a.txt", host);
    const { code, stderr } = await scene.send(["a.txt", "--to", `${host}:${scene.port}`]);
    assert.equal(code, 0, stderr);
  }
  assert.equal(scene.names().length, 2);
  await scene.stopHub("SIGINT");
  using _ = Deno.listen({ hostname: "::1", port: scene.port });
  await scene.startHub();
  await scene.hub.errorLine(`another program listens on [::1]:${scene.port}: `);
});
