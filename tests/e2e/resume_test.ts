import assert from "node:assert/strict";
import { join } from "node:path";
import { type Message } from "../../src/protocol/messages.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { eventually } from "../helpers/eventually.ts";
import { ChaosProxy } from "../chaos/chaos_proxy.ts";
import { Random } from "../chaos/random.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256, treeOf } from "../helpers/tree.ts";
import { type Event, eventsOf, type Program } from "./program.ts";
import { Scene } from "./scene.ts";

const CHUNK_BYTES = 262_144;
const BYTES = 4 * SEGMENT_BYTES + 12_345;

/** Slow enough to be cut off in the middle. */
const SLOW = ["--limit", "25MB/s"];

/** Two segments are at the hub, and one of them surely on its disk. */
const isHalfWay = ({ bytes }: Event) => bytes > 2.5 * SEGMENT_BYTES;

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  Deno.test(`after ${signal} to the sender the same line goes on where it stopped`, async () => {
    await using scene = await Scene.open();
    await scene.write("big.bin", sampleBytes(BYTES));
    const first = await cutSender(scene, ["big.bin"], signal);
    if (signal === "SIGINT") {
      assert.equal(first.code, 130);
      assert.match(
        first.stderr,
        /^stopped at .*\nhint: run the same line again: it goes on where it stopped\n$/,
      );
    }
    assert.deepEqual(scene.names(), []);
    const delivered = await sendAgain(scene, ["big.bin"]);
    assert.equal(delivered.resumedAt % CHUNK_BYTES, 0);
    assert.ok(delivered.resumedAt > 0);
    assert.deepEqual(scene.names(), ["big.bin"]);
    assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES));
    await scene.cleared();
  });
}

for (const [signal, hubCode] of [["SIGKILL", 137], ["SIGINT", 130]] as const) {
  Deno.test(`after ${signal} to the hub the same line goes on with a new hub`, async () => {
    await using scene = await Scene.open();
    await scene.write("big.bin", sampleBytes(BYTES));
    await using sender = await scene.sending(["big.bin", "--give-up", "0s", ...SLOW]);
    await scene.hub.event("progress", isHalfWay);
    assert.equal((await scene.stopHub(signal)).code, hubCode);
    const { code, stderr } = await sender.finished;
    assert.match(
      stderr,
      /^error: .*(lost|the hub is stopping)\nhint: run the same line again: it goes on/m,
    );
    assert.equal(code, 3);
    assert.deepEqual(scene.names(), []);
    await scene.startHub();
    const delivered = await sendAgain(scene, ["big.bin"]);
    assert.ok(delivered.resumedAt > 0);
    assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES));
  });
}

Deno.test("send reconnects by itself when the hub comes back, and goes on", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(BYTES));
  await using sender = await scene.sending(["big.bin", "--json", "--give-up", "30s", ...SLOW]);
  await scene.hub.event("progress", isHalfWay);
  await scene.stopHub("SIGKILL");
  await sender.errorLine("trying again in ");
  await scene.startHub();
  const finished = await sender.finished;
  assert.equal(finished.code, 0, finished.stderr);
  const [delivered] = eventsOf(finished, "delivered");
  assert.ok(delivered!.resumedAt > 0);
  assert.equal(delivered!.sha256, sha256(sampleBytes(BYTES)));
  assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES));
});

Deno.test("standard input that was cut off is given up as soon as the hub is back", async () => {
  await using scene = await Scene.open();
  const stdin = sampleBytes(5_000_000);
  await using sender = await scene.sending(["-", "--as", "in.bin", "--limit", "5MB/s"], { stdin });
  await scene.hub.event("progress");
  await scene.stopHub("SIGKILL");
  await scene.startHub();
  const { code, stderr } = await sender.finished;
  assert.match(stderr, /^warning: the connection was lost; trying again in 500 ms$/m);
  assert.ok(stderr.endsWith(
    "error: the connection was lost, and standard input cannot be read again\n" +
      "hint: write it to a file first, and send that\n",
  ));
  assert.doesNotMatch(stderr, /read again; trying again/);
  assert.equal(code, 3);
  assert.deepEqual(scene.names(), []);
});

Deno.test("a source that has changed between two runs starts over, and arrives as it is now", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(BYTES));
  await cutSender(scene, ["big.bin"], "SIGKILL");
  await scene.write("big.bin", sampleBytes(BYTES, 2));
  assert.equal((await sendAgain(scene, ["big.bin"])).resumedAt, 0);
  assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES, 2));
});

Deno.test("a part that was changed on the hub's disk is not gone on with", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(BYTES));
  await cutSender(scene, ["big.bin"], "SIGKILL");
  const [part] = scene.parts();
  using file = await Deno.open(join(scene.received, ".p2p-partial", part!, "content"), {
    write: true,
  });
  await file.write(new Uint8Array(100));
  assert.equal((await sendAgain(scene, ["big.bin"])).resumedAt, 0);
  assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES));
});

for (const name of ["big.bin", "folder"]) {
  Deno.test(`after a change of mode the same line goes on with ${name}`, async () => {
    await using scene = await Scene.open();
    await scene.write("big.bin", sampleBytes(BYTES));
    await scene.write("folder/a.bin", sampleBytes(BYTES));
    await scene.write("folder/z.txt", "z");
    await cutSender(scene, [name], "SIGKILL");
    await Deno.chmod(join(scene.files, "big.bin"), 0o600);
    // What was not sent yet may even be another one.
    await scene.write("folder/z.txt", "changed since");
    assert.ok((await sendAgain(scene, [name])).resumedAt > 0);
    const big = name === "folder" ? "folder/a.bin" : name;
    assert.deepEqual(await scene.read(big), sampleBytes(BYTES));
    if (name === "folder") assert.equal(await scene.readText("folder/z.txt"), "changed since");
  });
}

Deno.test("--no-resume starts over", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(BYTES));
  await cutSender(scene, ["big.bin"], "SIGKILL");
  assert.equal((await sendAgain(scene, ["big.bin", "--no-resume"])).resumedAt, 0);
  assert.deepEqual(await scene.read("big.bin"), sampleBytes(BYTES));
});

Deno.test("a folder goes on in the middle", async () => {
  await using scene = await Scene.open();
  for (let i = 0; i < 7; i++) await scene.write(`trip/${i}/photo`, sampleBytes(5_000_000, i + 1));
  await Deno.mkdir(join(scene.files, "trip/3/empty"));
  await cutSender(scene, ["trip"], "SIGKILL");
  const delivered = await sendAgain(scene, ["trip"]);
  assert.ok(delivered.resumedAt > 0);
  assert.deepEqual(
    await treeOf(join(scene.received, "trip")),
    await treeOf(join(scene.files, "trip")),
  );
  assert.deepEqual(scene.names(), ["trip"]);
});

Deno.test("who asks again for a receipt gets it, and no second copy is made", async () => {
  await using scene = await Scene.open();
  const keyPair = await identityKeys();
  const content = sampleBytes(1000);
  const offer = { transfer: "ab".repeat(16), name: "once.bin" };
  const receipts: (Message | undefined)[] = [];
  for (let run = 0; run < 3; run++) {
    if (run === 2) {
      await scene.stopHub("SIGKILL");
      await scene.startHub();
    }
    using peer = await RawPeer.connect(scene.port, { keyPair });
    receipts.push(await peer.deliver(content, offer));
  }
  for (const receipt of receipts) {
    assert.deepEqual(receipt, {
      type: "receipt",
      exchange: 1,
      savedAs: "once.bin",
      sha256: sha256(content),
      bytes: 1000,
      resumedAt: 0,
    });
  }
  assert.deepEqual(scene.names(), ["once.bin"]);
});

Deno.test("a hub that was killed between name and receipt makes no second copy", async () => {
  await using scene = await Scene.open();
  const keyPair = await identityKeys();
  const content = sampleBytes(1000);
  const offer = { transfer: "cd".repeat(16), name: "once.bin" };
  {
    using peer = await RawPeer.connect(scene.port, { keyPair });
    assert.equal((await peer.deliver(content, offer))?.type, "receipt");
  }
  await scene.stopHub("SIGKILL");
  // As it was right after the link: the content has two names, and the journal knows of no receipt.
  const part = join(scene.received, ".p2p-partial", scene.parts()[0]!);
  await Deno.link(join(scene.received, "once.bin"), join(part, "content"));
  const journal = await Deno.readTextFile(join(part, "journal"));
  assert.match(journal, /"publish"[^]*"receipt"/);
  await Deno.writeTextFile(join(part, "journal"), journal.replace(/^.*"receipt".*$/m, ""));
  await scene.startHub();
  using peer = await RawPeer.connect(scene.port, { keyPair });
  const receipt = await peer.deliver(content, offer);
  assert.equal(receipt?.type, "receipt");
  await peer.send({ type: "settled", exchange: 1 });
  assert.deepEqual(scene.names(), ["once.bin"]);
  assert.deepEqual(await scene.read("once.bin"), content);
  await scene.cleared();
});

Deno.test("a line that is cut before each megabyte gets everything through, and hardly anything twice", async () => {
  await using scene = await Scene.open();
  const bytes = 12 * CHUNK_BYTES + 1;
  await scene.write("big.bin", sampleBytes(bytes));
  await using proxy = await ChaosProxy.open(scene.port, new Random(1));
  proxy.arm(() => ({ cutAfter: 4.5 * CHUNK_BYTES }), { more: 100 });
  const finished = await scene.send(["big.bin", "--json", "--to", proxy.to, "--give-up", "20s"]);
  assert.equal(finished.code, 0, finished.stdout);
  assert.ok(proxy.broken >= 2 && proxy.broken <= 6, `${proxy.broken} connections`);
  assert.deepEqual(await scene.read("big.bin"), sampleBytes(bytes));
});

/** Begins to send, and ends the sender by `signal` in the middle; resolves when the hub knows. */
async function cutSender(scene: Scene, args: string[], signal: Deno.Signal) {
  await using sender: Program = await scene.sending([...args, "--quiet", ...SLOW]);
  await scene.hub.event("progress", isHalfWay);
  sender.kill(signal);
  await scene.hub.event("interrupted");
  await eventually(() => assert.equal(scene.parts().length, 1));
  return await sender.finished;
}

/** Runs the line again to a good end, and returns what it says of the file. */
async function sendAgain(scene: Scene, args: string[]): Promise<Event> {
  const finished = await scene.send([...args, "--json"]);
  assert.equal(finished.code, 0, finished.stdout);
  const [delivered] = eventsOf(finished, "delivered");
  const { resumedAt } = await scene.hub.event("received");
  assert.equal(delivered!.resumedAt, resumedAt);
  return delivered!;
}
