import assert from "node:assert/strict";
import type { Message } from "../../src/protocol/messages.ts";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { hasStrace } from "../helpers/has_tool.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { type Event, eventsOf, type Finished, Program } from "./program.ts";
import { Scene } from "./scene.ts";
import { canMount, SmallDisk } from "./small_disk.ts";

const BYTES = 2 * SEGMENT_BYTES + 12_345;

/** The first segment is on the disk, the second on its way. */
const isHalfWay = ({ bytes }: Event) => bytes > 1.2 * SEGMENT_BYTES;

/** Slow enough for that, also where the test itself waits for a processor. */
const SLOW = ["--quiet", "--limit", "5MB/s"];

/** No namespaces here, or no right to make them. */
const withMount = { ignore: !canMount };

/** No strace here, or no right to trace. */
const withStrace = { ignore: !hasStrace };

Deno.test(
  "a disk that fills up in the middle refuses, keeps the part and goes on later",
  withMount,
  async () => {
    await using scene = await Scene.open();
    const disk = await SmallDisk.mount(scene, scene.received, "size=64m");
    await scene.write("a.bin", sampleBytes(BYTES));
    await using sender = await scene.sending(["a.bin", ...SLOW]);
    await scene.hub.event("progress", isHalfWay);
    const filler = await disk.fill();
    assertStopped(await sender.finished, "no space left");
    assert.deepEqual(names(disk), [".p2p-partial", "filler"]);
    assertRefused(await scene.send(["a.bin", "--quiet"]), "free here");
    await Deno.remove(filler);
    const { resumedAt } = await delivered(scene, "a.bin");
    assert.equal(resumedAt, SEGMENT_BYTES);
    assert.deepEqual(await Deno.readFile(disk.path("a.bin")), sampleBytes(BYTES));
  },
);

Deno.test("ten offers at once are not promised more than the disk has", withMount, async () => {
  await using scene = await Scene.open();
  await SmallDisk.mount(scene, scene.received, "size=64m");
  using peer = await RawPeer.connect(scene.port);
  const offers = Array.from({ length: 10 }, (_, i) => peer.offerOf(10 * 2 ** 20, { name: `${i}` }));
  for (const offer of offers) await peer.send(offer);
  const answers = [];
  for (const _ of offers) answers.push(await peer.answer());
  // 16 MiB are left to others.
  assert.deepEqual(answers.map(inWords).sort(), [
    ...Array(4).fill("accept"),
    ...Array(6).fill("refuse space"),
  ]);
});

Deno.test(
  "ten relays at once are not promised more than the hub's disk has",
  withMount,
  async () => {
    await using scene = await Scene.open();
    await SmallDisk.mount(scene, `${await scene.home("hub")}/spool`, "size=96m");
    await join(scene, "bo");
    using peer = await RawPeer.connect(scene.port);
    const answers = [];
    for (let i = 0; i < 10; i++) {
      const exchange = 2 * i + 1;
      const transfer = `${i}`.repeat(32);
      await peer.send({ type: "relay", exchange, transfer, size: 10 * 2 ** 20, receivers: 1 });
      await peer.send({ type: "envelope", exchange, to: "bo", sealed: "AAAA" });
    }
    for (let i = 0; i < 10; i++) answers.push(await peer.answer());
    // 64 MiB are left to others, and a little to journals.
    assert.deepEqual(answers.map(inWords).sort(), [
      ...Array(3).fill("accept"),
      ...Array(7).fill("refuse space"),
    ]);
  },
);

Deno.test("standard input stops before it has filled the disk", withMount, async () => {
  await using scene = await Scene.open();
  await SmallDisk.mount(scene, scene.received, "size=64m");
  const stdin = new Uint8Array(60 * 2 ** 20);
  assertStopped(await scene.send(["-", "--as", "a.bin", "--quiet"], { stdin }), "is left here");
});

Deno.test(
  "a disk without room for another file refuses, and takes it later",
  withMount,
  async () => {
    await using scene = await Scene.open();
    const disk = await SmallDisk.mount(scene, scene.received, "size=64m,nr_inodes=100");
    await scene.write("a.bin", sampleBytes(1000));
    const fillers = await disk.fillInodes();
    assertStopped(await scene.send(["a.bin", "--quiet"]), "no space left");
    await Deno.remove(fillers, { recursive: true });
    await delivered(scene, "a.bin");
    assert.deepEqual(names(disk), [".p2p-partial", "a.bin"]);
  },
);

Deno.test("a disk that is read-only for a while refuses meanwhile", withMount, async () => {
  await using scene = await Scene.open();
  const disk = await SmallDisk.mount(scene, scene.received, "size=64m");
  await scene.write("a.bin", sampleBytes(1000));
  await disk.remount("ro");
  assertStopped(await scene.send(["a.bin", "--quiet"]), "the file system is read-only");
  await disk.remount("rw");
  await delivered(scene, "a.bin");
  assert.deepEqual(names(disk), [".p2p-partial", "a.bin"]);
});

Deno.test(
  "a hub whose own disk fills up says so to who sends to people, and goes on later",
  withMount,
  async () => {
    await using scene = await Scene.open();
    const disk = await SmallDisk.mount(scene, `${await scene.home("hub")}/spool`, "size=96m");
    await join(scene, "bo");
    await scene.write("a.bin", sampleBytes(BYTES));
    await using sender = await scene.sending([
      ...["a.bin", "--peer", "bo", "--json", ...SLOW],
    ]);
    await sender.event("progress", isHalfWay);
    const filler = await disk.fill();
    const stopped = await sender.finished;
    assert.match(stopped.stderr, /^error: the hub stopped "a\.bin": .*no space left/);
    await Deno.remove(filler);
    const { code, stdout, stderr } = await scene.send(["a.bin", "--peer", "bo"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^stored a\.bin for bo/);
  },
);

Deno.test(
  "a sync that fails refuses, publishes nothing, and the hub lives on",
  withStrace,
  async () => {
    await using scene = await Scene.open();
    await scene.stopHub("SIGKILL");
    await startFailing(scene, "fdatasync", []);
    await scene.write("a.bin", sampleBytes(BYTES));
    for (let i = 0; i < 2; i++) {
      assertStopped(await scene.send(["a.bin", "--quiet"]), "input/output error");
    }
    assert.deepEqual(scene.names(), []);
    await scene.stopHub("SIGKILL");
    await scene.startHub();
    await delivered(scene, "a.bin");
    assert.deepEqual(scene.names(), ["a.bin"]);
    assert.deepEqual(await scene.read("a.bin"), sampleBytes(BYTES));
  },
);

Deno.test(
  "a sync of the folder that fails gives no receipt; it follows without another copy",
  withStrace,
  async () => {
    await using scene = await Scene.open();
    await scene.stopHub("SIGKILL");
    await startFailing(scene, "fsync", ["-P", scene.received]);
    await scene.write("a.bin", sampleBytes(1000));
    for (let i = 0; i < 2; i++) {
      assertStopped(await scene.send(["a.bin", "--quiet"]), "input/output error");
    }
    await scene.stopHub("SIGKILL");
    await scene.startHub();
    await delivered(scene, "a.bin");
    assert.deepEqual(scene.names(), ["a.bin"]);
    await scene.cleared();
  },
);

Deno.test("a folder that vanishes in the middle is an error on both sides, and the hub lives on", async () => {
  await using scene = await Scene.open();
  await scene.write("a.bin", sampleBytes(BYTES));
  await using sender = await scene.sending(["a.bin", ...SLOW]);
  await scene.hub.event("progress", isHalfWay);
  await Deno.remove(scene.received, { recursive: true });
  assertStopped(await sender.finished, "no such file or folder");
  assert.match((await scene.hub.event("interrupted")).reason, /no such file or folder$/);
  assertStopped(await scene.send(["a.bin", "--quiet"]), "no such file or folder");
  await scene.stopHub("SIGINT");
  await scene.startHub();
  await delivered(scene, "a.bin");
  assert.deepEqual(await scene.read("a.bin"), sampleBytes(BYTES));
});

for (
  const [what, change] of Object.entries({
    shrinks: (path: string) => Deno.truncate(path, 1000),
    "is replaced": async (path: string) => {
      await Deno.writeFile(`${path}.new`, sampleBytes(BYTES, 2));
      await Deno.rename(`${path}.new`, path);
    },
  })
) {
  Deno.test(`a source that ${what} while it is sent arrives as it was, or not at all`, async () => {
    await using scene = await Scene.open();
    await scene.write("a.bin", sampleBytes(BYTES));
    await using sender = await scene.sending(["a.bin", "--quiet", "--limit", "5MB/s"]);
    await scene.hub.event("progress");
    await change(`${scene.files}/a.bin`);
    const { code, stderr } = await sender.finished;
    assert.equal(code, 5);
    assert.match(stderr, /^error: "a\.bin" changed while it was sent\nhint: /);
    assert.deepEqual(scene.names(), []);
    await scene.cleared();
  });
}

/** What a receiver says that has begun. */
function assertStopped({ code, stderr }: Finished, why: string) {
  assert.match(stderr, new RegExp(`^error: (the receiver stopped )?"a\\.bin".*${why}`, "i"));
  assert.equal(code, 4);
}

function assertRefused({ code, stderr }: Finished, why: string) {
  assert.match(stderr, new RegExp(`^error: "a\\.bin" was refused: .*${why}`));
  assert.equal(code, 4);
}

/** `accept`, or `refuse` and its code. */
function inWords(answer: Message | undefined): string {
  return answer?.type === "refuse" ? `refuse ${answer.code}` : String(answer?.type);
}

/** Sends a file to its good end. */
async function delivered(scene: Scene, name: string) {
  const finished = await scene.send([name, "--json"]);
  assert.equal(finished.code, 0, finished.stderr);
  return eventsOf(finished, "delivered")[0]!;
}

function names(disk: SmallDisk): string[] {
  return [...Deno.readDirSync(disk.path())].map(({ name }) => name).sort();
}

/** Somebody who has joined the hub, and gone. */
async function join(scene: Scene, name: string) {
  const home = await scene.home(name);
  await using program = new Program(["join", scene.to, "--name", name, "--json"], { home });
  await program.event("joined");
}

/** Starts the hub so that one kind of sync fails every time; `narrow` are options that say where. */
async function startFailing(scene: Scene, call: string, narrow: string[]) {
  const strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`];
  const through = [...strace, "-e", `inject=${call}:error=EIO`, ...narrow];
  const args = ["serve", "--json", "--port", `${scene.port}`, "--dir", scene.received];
  const home = await scene.home("hub");
  scene.hub = new Program([...args, "--name", "rack"], { home, through });
  await scene.hub.event("listening");
}
