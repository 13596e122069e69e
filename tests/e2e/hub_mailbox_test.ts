import assert from "node:assert/strict";
import { join } from "node:path";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Joiner } from "./joiner.ts";
import { type Event, eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

const BYTES = 4 * SEGMENT_BYTES + 12_345;

/** Slow enough to be cut off in the middle. */
const SLOW = ["--limit", "25MB/s"];

const isHalfWay = ({ bytes }: Event) => bytes > 2.5 * SEGMENT_BYTES;

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test(`the mailbox outlives ${signal} to the hub, and is delivered once, in order`, async () => {
    await using scene = await Scene.open();
    await using away = await Joiner.join(scene, "bob");
    await away.stop("SIGINT");
    await scene.hub.event("left");
    const names = ["1.bin", "2.txt", "3.txt"];
    await scene.write("1.bin", sampleBytes(BYTES));
    for (const name of names.slice(1)) await scene.write(name, `content of ${name}`);
    for (const name of names) {
      const sent = await scene.send([name, "--peer", "bob", "--json"]);
      assert.equal(sent.code, 0, sent.stderr);
      const [stored] = eventsOf(sent, "stored");
      const inDays = (Date.parse(stored!.until) - Date.now()) / 86_400_000;
      assert.ok(inDays > 6.9 && inDays < 7.1, stored!.until);
      assert.deepEqual([stored!.to, stored!.name], ["bob", name]);
    }
    await scene.hub.event("relayed", ({ state }) => state === "stored");
    await scene.stopHub(signal);
    await scene.startHub();
    await away.start();
    for (const name of names) await away.received(name);
    assert.equal(sha256(await away.received("1.bin")), sha256(sampleBytes(BYTES)));
    const { stdout } = await away.stop("SIGINT");
    const received = eventsOf({ stdout, stderr: "", code: 0 }, "received");
    assert.deepEqual(received.map(({ name }) => name), names);
    assert.deepEqual(away.names(), names);
    await scene.hub.event("relayed", ({ state }) => state === "delivered");
  });
}

Deno.test("a hub that is killed in mid-delivery goes on with it, and delivers once", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await bob.stop("SIGINT");
  await scene.write("big.bin", sampleBytes(BYTES));
  assert.equal((await scene.send(["big.bin", "--peer", "bob"])).code, 0);
  await bob.start();
  await bob.program.event("progress");
  await scene.stopHub("SIGKILL");
  await bob.program.errorLine("joining again in ");
  await scene.startHub();
  assert.deepEqual(await bob.received("big.bin"), sampleBytes(BYTES));
  await bob.cleared();
  assert.deepEqual(bob.names(), ["big.bin"]);
});

Deno.test("a sender and a receiver go on by themselves when the hub is killed in between", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy");
  await scene.write("big.bin", sampleBytes(BYTES));
  const line = ["big.bin", "--all", "--wait", "delivered", "--give-up", "30s", "--json"];
  await using sender = await scene.sending([...line, ...SLOW]);
  await bob.program.event("progress", isHalfWay);
  await scene.stopHub("SIGKILL");
  await sender.errorLine("trying again in ");
  await scene.startHub();
  const sent = await sender.finished;
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(eventsOf(sent, "delivered").map(({ to }) => to).sort(), ["bob", "cy"]);
  for (const person of [bob, cy]) {
    const { resumedAt } = await person.program.event("received");
    assert.ok(resumedAt > 0, "it was sent again from the start");
    assert.deepEqual(await person.received("big.bin"), sampleBytes(BYTES));
    assert.deepEqual(person.names(), ["big.bin"]);
  }
});

for (const signal of ["SIGKILL", "SIGINT"] as const) {
  Deno.test(`a receiver goes on where ${signal} has cut it off, and gets it once`, async () => {
    await using scene = await Scene.open();
    await using bob = await Joiner.join(scene, "bob");
    await scene.write("big.bin", sampleBytes(BYTES));
    const line = ["big.bin", "--peer", "bob", "--wait", "delivered", "--json"];
    await using sender = await scene.sending([...line, ...SLOW]);
    await bob.program.event("progress", isHalfWay);
    await bob.stop(signal);
    await scene.hub.event("left");
    await bob.start();
    const sent = await sender.finished;
    assert.equal(sent.code, 0, sent.stderr);
    const [delivered] = eventsOf(sent, "delivered");
    assert.ok(delivered!.resumedAt > 0, "it was sent again from the start");
    assert.equal(delivered!.sha256, sha256(sampleBytes(BYTES)));
    assert.deepEqual(await bob.received("big.bin"), sampleBytes(BYTES));
    assert.deepEqual(bob.names(), ["big.bin"]);
  });

  Deno.test(`a sender goes on where ${signal} has cut it off, and keeps nobody behind waiting`, async () => {
    await using scene = await Scene.open();
    await using bob = await Joiner.join(scene, "bob");
    await scene.write("big.bin", sampleBytes(BYTES));
    await scene.write("small.txt", "small");
    const line = ["big.bin", "--peer", "bob", "--json"];
    await using cut = await scene.sending([...line, ...SLOW]);
    await bob.program.event("progress", isHalfWay);
    cut.kill(signal);
    await bob.program.event("interrupted");
    assert.equal((await scene.send(["small.txt", "--peer", "bob"])).code, 0);
    const again = await scene.send(line);
    assert.equal(again.code, 0, again.stderr);
    const least = Math.min(...eventsOf(again, "progress").map(({ bytes }) => bytes));
    assert.ok(least > SEGMENT_BYTES, `it went up again from ${least}`);
    assert.ok(eventsOf(again, "delivered")[0]!.resumedAt > 0);
    assert.deepEqual(await bob.received("big.bin"), sampleBytes(BYTES));
    assert.deepEqual(bob.names(), ["big.bin", "small.txt"]);
  });
}

Deno.test("a sender who waits is told when the receiver leaves: the hub keeps it", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await scene.write("big.bin", sampleBytes(BYTES));
  await using sender = await scene.sending(["big.bin", "--peer", "bob", "--json", ...SLOW]);
  await bob.program.event("progress");
  await bob.stop("SIGINT");
  const sent = await sender.finished;
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(eventsOf(sent, "stored").map(({ to }) => to), ["bob"]);
  await bob.start();
  assert.deepEqual(await bob.received("big.bin"), sampleBytes(BYTES));
});

Deno.test("--wait says what a sender waits for", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy");
  await cy.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("a.txt", "a");
  const to = ["--peer", "bob", "--peer", "cy", "--json"];
  const mixed = await scene.send(["a.txt", ...to]);
  assert.equal(mixed.code, 0, mixed.stderr);
  assert.deepEqual(eventsOf(mixed, "delivered").map(({ to }) => to), ["bob"]);
  assert.deepEqual(eventsOf(mixed, "stored").map(({ to }) => to), ["cy"]);
  await using waiting = await scene.sending(["a.txt", ...to, "--wait", "delivered"]);
  await waiting.event("delivered", ({ to }) => to === "bob");
  await cy.start();
  const delivered = await waiting.finished;
  assert.equal(delivered.code, 0);
  assert.deepEqual(eventsOf(delivered, "delivered").map(({ to }) => to), ["bob", "cy"]);
  const stored = await scene.send(["a.txt", ...to, "--wait", "stored"]);
  assert.equal(stored.code, 0);
  const told = eventsOf(stored).filter(({ event }) => ["stored", "delivered"].includes(event));
  assert.equal(told.length, 2);
  await bob.received("a.txt");
});

Deno.test("what does not fit the quota is refused, and what was delivered makes room again", async () => {
  await using scene = await Scene.open({ serve: ["--quota", "1MB"] });
  await using bob = await Joiner.join(scene, "bob");
  await bob.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("600k", sampleBytes(600_000));
  await scene.write("500k", sampleBytes(500_000));
  assert.equal((await scene.send(["600k", "--peer", "bob"])).code, 0);
  const over = await scene.send(["500k", "--peer", "bob"]);
  assert.equal(over.code, 4);
  assert.match(
    over.stderr,
    /"500k" was refused by the hub: no room: 500 KB needed, the quota has .* left/,
  );
  const others = await scene.send(["500k", "--peer", "bob"], { as: "cy" });
  assert.match(others.stderr, /the mailbox of "bob" has .* left/);
  const stream = await scene.send(["-", "--as", "in", "--peer", "bob"], {
    stdin: sampleBytes(2_000_000),
  });
  assert.equal(stream.code, 4, stream.stderr);
  assert.match(stream.stderr, /no room: .* needed/);
  await bob.start();
  await bob.received("600k");
  await scene.hub.event("relayed", ({ state }) => state === "delivered");
  assert.equal((await scene.send(["500k", "--peer", "bob"])).code, 0);
  assert.deepEqual(bob.names(), ["500k", "600k"]);
});

Deno.test("a spool that was damaged on disk is refused by the receiver, and the ledger says so", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy");
  for (const person of [bob, cy]) await person.stop("SIGINT");
  for (const name of ["flipped", "short", "gone"]) await scene.write(name, sampleBytes(600_000));
  const ids: Record<string, string> = {};
  for (const name of ["flipped", "short", "gone"]) {
    const sent = await scene.send([name, "--peer", name === "gone" ? "cy" : "bob", "--json"]);
    ids[name] = eventsOf(sent, "stored")[0]!.transfer;
  }
  const spool = join(scene.dir, "homes", "hub", "spool");
  for (const { name } of Deno.readDirSync(spool)) {
    const journal = await Deno.readTextFile(join(spool, name, "journal"));
    const path = join(spool, name, "content");
    if (journal.includes(ids.flipped!)) {
      using file = await Deno.open(path, { write: true });
      await file.seek(300_000, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(1, 2, 3, 4));
    } else if (journal.includes(ids.short!)) await Deno.truncate(path, 300_000);
    else await Deno.remove(path);
  }
  for (const person of [bob, cy]) await person.start();
  const events = await Promise.all(
    Object.values(ids).map((id) => scene.hub.event("refused", ({ transfer }) => transfer === id)),
  );
  assert.deepEqual(events.map(({ reason }) => reason), ["corrupt", "damaged", "damaged"]);
  for (const person of [bob, cy]) {
    assert.deepEqual(person.names(), []);
    await person.cleared();
  }
  const status = await scene.status(["--json"]);
  const entries = eventsOf(status, "transfer");
  assert.deepEqual(entries.map(({ name, state }) => [name, state]), [
    ["gone", "refused"],
    ["short", "refused"],
    ["flipped", "refused"],
  ], "the newest first");
  assert.match(entries[2]!.reason, /cannot open chunk 1: it is not authentic/);
  assert.match(entries[1]!.reason, /the hub has lost a part of it/);
});

Deno.test("a source that changes under the sender's hands is given up for everybody", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await scene.write("big.bin", sampleBytes(BYTES));
  await using sender = await scene.sending(["big.bin", "--peer", "bob", "--limit", "10MB/s"]);
  await bob.program.event("progress");
  await scene.write("big.bin", sampleBytes(BYTES, 2));
  const { code, stderr } = await sender.finished;
  assert.equal(code, 5);
  assert.match(stderr, /changed while it was sent/);
  await bob.program.event("interrupted");
  const { reason } = await scene.hub.event("refused");
  assert.equal(reason, "changed");
  await bob.cleared();
  assert.deepEqual(bob.names(), []);
});
