import assert from "node:assert/strict";
import type { CancelCode } from "../../../src/protocol/messages.ts";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import { type Source } from "../../../src/transfer/source/source.ts";
import { textSource } from "../../../src/transfer/source/stdin_source.ts";
import type { WaitFor } from "../../../src/transfer/send/relay_outcomes.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { KEYS, RECEIPT, RelayScene, TRANSFER } from "../relay_scene.ts";

const SEGMENT = 8 * 2 ** 20;

Deno.test("relayTransfer sends once, and each recipient has its own outcome", async () => {
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob", "cy"]);
  const hub = await scene.routed(["joined", "away"]);
  const { begin, content } = await hub.take();
  assert.equal(begin.offset, 0);
  assert.equal(new TextDecoder().decode(content), "hello");
  await hub.store();
  await hub.deliver("bob");
  await hub.next("settled");
  await sending;
  const [first, second, ...more] = scene.outcomes;
  assert.deepEqual(more, []);
  const until = new Date(5).toISOString();
  const common = { transfer: TRANSFER, name: "note.txt" };
  assert.deepEqual(first, {
    to: "cy",
    stored: { event: "stored", to: "cy", bytes: 5, until, ...common },
  });
  const { latency, duration, ...delivered } = second!.delivered!;
  assert.ok(latency >= 0 && duration >= 0);
  assert.deepEqual(delivered, { event: "delivered", to: "bob", ...common, ...RECEIPT });
});

Deno.test("relayTransfer waits for whom its sender waits", async () => {
  const waits: [wait: WaitFor, atStored: string[]][] = [
    ["stored", ["bob", "cy"]],
    [undefined, ["cy"]],
    ["delivered", []],
  ];
  for (const [wait, atStored] of waits) {
    await using scene = await RelayScene.open();
    const sending = scene.send(note(), ["bob", "cy"], { wait });
    const hub = await scene.routed(["joined", "away"]);
    await hub.take();
    await hub.store();
    const open = (["bob", "cy"] as const).filter((name) => !atStored.includes(name));
    for (const name of open) await hub.deliver(name);
    await sending;
    assert.deepEqual(
      scene.outcomes.map(({ to, stored, delivered }) => [to, stored?.event ?? delivered?.event]),
      [...atStored.map((to) => [to, "stored"]), ...open.map((to) => [to, "delivered"])],
      `${wait}`,
    );
  }
});

Deno.test("relayTransfer is done with who leaves once the hub has it all", async () => {
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob"]);
  const hub = await scene.routed(["joined"]);
  await hub.take();
  await hub.store();
  await hub.exchange.send({ type: "routed", to: "bob", state: "away", until: null, reason: "" });
  await hub.next("settled");
  await sending;
  assert.equal(scene.outcomes[0]?.stored?.to, "bob");
});

Deno.test("relayTransfer believes no outcome that is not the recipient's own word", async () => {
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob", "cy"]);
  const hub = await scene.routed(["joined", "joined"]);
  await hub.take();
  await hub.store();
  await hub.deliver("bob", KEYS.cy);
  await hub.exchange.send({ type: "outcome", to: "cy", code: "delivered", sealed: null });
  await sending;
  for (const { to, error, delivered } of scene.outcomes) {
    assert.equal(delivered, undefined);
    assert.match(error?.message ?? "", new RegExp(`^"note.txt" for "${to}": .* cannot prove`));
  }
  assert.equal(scene.outcomes.length, 2);
});

Deno.test("relayTransfer gives an outcome at once to whom the hub refuses, and goes on for others", async () => {
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob", "cy"]);
  const hub = await scene.routed(["refused", "joined"]);
  await hub.take();
  await hub.store();
  await hub.exchange.send({ type: "outcome", to: "cy", code: "expired", sealed: null });
  await sending;
  assert.deepEqual(scene.outcomes.map(({ error }) => error?.message), [
    '"note.txt" did not get to "bob": it is full',
    '"note.txt" did not get to "cy": it was not fetched in time',
  ]);
});

Deno.test("relayTransfer stops sending as soon as everybody has an outcome", async () => {
  await using dir = await TempDir.make();
  await using scene = await RelayScene.open();
  await Deno.writeFile(dir.join("film.bin"), sampleBytes(2 * SEGMENT));
  const sending = scene.send(await openSource(dir.join("film.bin")), ["bob"]);
  const hub = await scene.routed(["joined"]);
  await hub.exchange.accept({ offset: 0, digest: null });
  await hub.next("begin");
  await hub.exchange.send({ type: "outcome", to: "bob", code: "kind", sealed: null });
  await hub.next("settled");
  await sending;
  assert.match(scene.outcomes[0]?.error?.message ?? "", /did not get to "bob": kind$/);
});

Deno.test("relayTransfer goes on where the hub stands, and nowhere else", async () => {
  await using dir = await TempDir.make();
  const content = sampleBytes(SEGMENT + CHUNK_BYTES + 1);
  await Deno.writeFile(dir.join("film.bin"), content);
  {
    await using scene = await RelayScene.open();
    const sending = scene.send(await openSource(dir.join("film.bin")), ["bob"]);
    const hub = await scene.routed(["away"]);
    const offset = SEGMENT + CHUNK_BYTES;
    const taken = await hub.take(offset);
    assert.equal(taken.begin.offset, offset);
    assert.deepEqual(taken.content, content.subarray(offset));
    await hub.store();
    await sending;
  }
  for (const offset of [1, SEGMENT + CHUNK_BYTES + 1, 2 * SEGMENT]) {
    await using scene = await RelayScene.open();
    const sending = scene.send(await openSource(dir.join("film.bin")), ["bob"]);
    const hub = await scene.routed(["away"]);
    await hub.exchange.accept({ offset, digest: null });
    await assert.rejects(sending, {
      code: "protocol",
      message: `the hub has ${offset} bytes of "film.bin"`,
    });
  }
});

Deno.test("relayTransfer tells what may go well at another try from what may not", async () => {
  const cases: [code: CancelCode, error: string][] = [
    ["interrupted", "connection"],
    ["busy", "refused"],
    ["quota", "refused"],
  ];
  for (const [code, error] of cases) {
    await using scene = await RelayScene.open();
    const sending = scene.send(note(), ["bob"]);
    const hub = await scene.routed(["joined"]);
    await hub.exchange.send({ type: "cancel", code, reason: "no" });
    await assert.rejects(sending, { code: error, message: 'the hub stopped "note.txt": no' });
    assert.deepEqual(scene.outcomes, []);
  }
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob"]);
  const hub = await scene.routed(["joined"]);
  await hub.exchange.send({ type: "joined", people: 0, names: [] });
  await assert.rejects(sending, { code: "protocol", message: /got "joined"$/ });
});

Deno.test("relayTransfer that the hub refuses as a whole has that outcome for all", async () => {
  await using scene = await RelayScene.open();
  const sending = scene.send(note(), ["bob", "cy"]);
  const hub = await scene.routed(["joined", "away"]);
  await hub.exchange.send({ type: "refuse", code: "quota", reason: "too much waits here" });
  await hub.next("settled");
  await sending;
  const message = '"note.txt" was refused by the hub: too much waits here';
  assert.deepEqual(scene.outcomes.map(({ to, error }) => [to, error?.message]), [
    ["bob", message],
    ["cy", message],
  ]);
});

Deno.test("relayTransfer stops when its signal aborts or the session is lost", async () => {
  await using scene = await RelayScene.open();
  const stop = new AbortController();
  const reason = new Error("stopped by hand");
  const sending = scene.send(note(), ["bob"], { signal: stop.signal });
  const hub = await scene.routed(["joined"]);
  await hub.take();
  stop.abort(reason);
  await assert.rejects(sending, reason);
  assert.equal((await hub.next("cancel")).code, "interrupted");

  await using other = await RelayScene.open();
  const cut = other.send(note(), ["bob"]);
  await (await other.routed(["joined"])).take();
  other.cut();
  await assert.rejects(cut, { code: "connection" });
});

function note(): Source {
  return textSource("hello", "note.txt");
}
