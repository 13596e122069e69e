import assert from "node:assert/strict";
import { chunkOf } from "../../helpers/chunks.ts";
import { deliverOnce } from "../../../src/hub/relay/forward.ts";
import type { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { flightsHeld } from "../../../src/protocol/chunk_memory.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import type { Message } from "../../../src/protocol/messages.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { eventually } from "../../helpers/eventually.ts";
import { SALT } from "../spool/spooled.ts";
import { expected, readAll, RelayScene } from "./relay_scene.ts";
import { sealedBytes } from "../../../src/transport/chunk_flags.ts";

/** Chunks of a segment. */
const SEGMENT = 32;

Deno.test("deliverOnce gives the answer of a recipient that has decided already", async () => {
  await using scene = await RelayScene.open();
  const { result, recipient, opening } = await begin(scene, await scene.spool.store(1));
  assert.deepEqual(opening, {
    ...{ type: "delivery", exchange: recipient.number, transfer: "1".padStart(32, "0") },
    ...{ from: "ana", sealed: "for bob", size: 1000, ahead: true },
  });
  await recipient.send({ type: "answer", code: "kind", sealed: "no" });
  assert.deepEqual(pick(await result), { code: "kind", sealed: "no" });
});

Deno.test("deliverOnce brings what is small with the delivery, the first time, and again where that was dropped", async () => {
  await using scene = await RelayScene.open();
  for (const [number, isTaken] of [[1, true], [2, false]] as const) {
    const transfer = await scene.spool.store(number);
    const { result, recipient, opening } = await begin(scene, transfer);
    assert.equal(opening.ahead, true);
    await eventually(() => assert.ok(flightsHeld.bytes > 0));
    if (!isTaken) recipient.dropAhead();
    await accept(recipient, 0);
    await expected(recipient, "run");
    assert.equal((await readAll(recipient)).length, 1);
    await recipient.send({ type: "answer", code: "delivered", sealed: "receipt" });
    assert.deepEqual(pick(await result), { code: "delivered", sealed: "receipt" });
    const again = await begin(scene, transfer);
    assert.equal(again.opening.ahead, false);
    await again.recipient.send({ type: "cancel", code: "space", reason: "" });
    await again.result;
  }
});

Deno.test("deliverOnce waits for the word on what is large, or of unknown size", async () => {
  await using scene = await RelayScene.open();
  for (const size of [4 * CHUNK_BYTES + 1, null]) {
    const transfer = await scene.spool.admit(size ?? 7, { size });
    await transfer.upload.begin(SALT);
    await transfer.upload.append(chunkOf(100));
    await transfer.upload.finish();
    const { result, recipient, opening } = await begin(scene, transfer);
    assert.equal(opening.ahead, false);
    await recipient.send({ type: "answer", code: "kind", sealed: "no" });
    await result;
  }
});

Deno.test("deliverOnce is for later where the recipient cannot take it now", async () => {
  await using scene = await RelayScene.open();
  const { result, recipient } = await begin(scene, await scene.spool.store(1));
  await recipient.send({ type: "cancel", code: "space", reason: "" });
  assert.equal(await result, "later");
});

Deno.test("deliverOnce goes on at the chunk that the recipient asks for, to the end", async () => {
  await using scene = await RelayScene.open();
  const transfer = await upload(scene, 3);
  await transfer.upload.append(chunkOf(100));
  await transfer.upload.finish();
  const { result, recipient } = await begin(scene, transfer);
  await accept(recipient, 2);
  const { offset, start, salt } = await expected(recipient, "run");
  assert.deepEqual({ offset, start, salt }, { offset: 2 * CHUNK_BYTES, start: 0, salt: SALT });
  const chunks = await readAll(recipient);
  assert.deepEqual(chunks.map(sealedBytes), [SEALED_CHUNK_BYTES, 100]);
  await recipient.send({ type: "answer", code: "delivered", sealed: "receipt" });
  assert.deepEqual(pick(await result), { code: "delivered", sealed: "receipt" });
  assert.equal(transfer.cursors.bytesSent("bob"), 4 * CHUNK_BYTES);
});

Deno.test("deliverOnce passes chunks on as they come in", async () => {
  await using scene = await RelayScene.open();
  const transfer = await upload(scene, 1);
  const { result, recipient } = await begin(scene, transfer);
  await accept(recipient, 0);
  await expected(recipient, "run");
  const reader = recipient.data.getReader();
  for (let i = 0; i < 5; i++) {
    assert.equal(sealedBytes((await reader.read()).value!), SEALED_CHUNK_BYTES);
    await transfer.upload.append(chunkOf());
  }
  await transfer.upload.finish();
  assert.equal((await reader.read()).done, false);
  assert.equal((await reader.read()).done, true);
  await recipient.send({ type: "answer", code: "delivered", sealed: "receipt" });
  assert.deepEqual(pick(await result), { code: "delivered", sealed: "receipt" });
});

Deno.test("deliverOnce takes an answer before the end", async () => {
  await using scene = await RelayScene.open();
  const { result, recipient } = await begin(scene, await upload(scene, 1));
  await accept(recipient, 0);
  await expected(recipient, "run");
  await recipient.send({ type: "answer", code: "damaged", sealed: null });
  assert.deepEqual(pick(await result), { code: "damaged", sealed: null });
});

Deno.test("deliverOnce stops for a recipient when the sender goes, wherever it waits", async () => {
  for (const chunkIndex of [0, 64]) {
    await using scene = await RelayScene.open();
    const transfer = await upload(scene, 1);
    const { result, recipient } = await begin(scene, transfer);
    await accept(recipient, chunkIndex);
    if (chunkIndex === 0) {
      await expected(recipient, "run");
      await recipient.data.getReader().read();
    }
    await transfer.upload.pause();
    assert.equal((await expected(recipient, "cancel")).code, "interrupted");
    assert.equal(await result, "at once");
  }
});

Deno.test("deliverOnce stops when the sender's next run takes the place of this one", async () => {
  await using scene = await RelayScene.open();
  const transfer = await upload(scene, SEGMENT + 1);
  const { result, recipient } = await begin(scene, transfer);
  await accept(recipient, SEGMENT);
  await expected(recipient, "run");
  await recipient.data.getReader().read();
  await transfer.upload.pause();
  transfer.upload.expect();
  await transfer.upload.begin("T".repeat(43));
  assert.equal((await expected(recipient, "cancel")).code, "interrupted");
  assert.equal(await result, "at once");
});

Deno.test("deliverOnce tells a recipient why its transfer was given up", async () => {
  await using scene = await RelayScene.open();
  const transfer = await upload(scene, 1);
  const { result, recipient } = await begin(scene, transfer);
  await accept(recipient, 0);
  await expected(recipient, "run");
  await recipient.data.getReader().read();
  await scene.spool.spool.giveUp(transfer, "changed");
  assert.equal((await expected(recipient, "cancel")).code, "changed");
  assert.equal(await result, "at once");
});

Deno.test("deliverOnce ends a transfer that the hub's disk has lost a part of", async () => {
  for (const lose of [Deno.truncate, Deno.remove]) {
    await using scene = await RelayScene.open();
    const transfer = await scene.spool.store(1);
    await lose(scene.content);
    const { result, recipient } = await begin(scene, transfer);
    await accept(recipient, 0);
    await expected(recipient, "run");
    assert.equal((await expected(recipient, "cancel")).code, "damaged");
    assert.deepEqual(await result, { code: "damaged", sealed: null });
  }
});

Deno.test("deliverOnce ends with its signal, and with a session that asks for half a chunk", async () => {
  await using scene = await RelayScene.open();
  const transfer = await upload(scene, 1);
  const stop = new AbortController();
  const stopped = await begin(scene, transfer, stop.signal);
  await accept(stopped.recipient, 1);
  stop.abort();
  await assert.rejects(stopped.result, { name: "AbortError" });
  const wrong = await begin(scene, transfer);
  await wrong.recipient.accept({ offset: 1, digest: "0".repeat(64) });
  await assert.rejects(wrong.result, { code: "protocol", message: "1 is not at a chunk" });
});

/** A transfer for bob whose first chunks are here, and more may come. */
async function upload(scene: RelayScene, chunks: number): Promise<SpooledTransfer> {
  const transfer = await scene.spool.admit(1, { size: null });
  await transfer.upload.begin(SALT);
  for (let i = 0; i < chunks; i++) await transfer.upload.append(chunkOf());
  return transfer;
}

/** Begins a delivery to bob. */
async function begin(
  scene: RelayScene,
  transfer: SpooledTransfer,
  signal = new AbortController().signal,
) {
  const delivery = { transfer, to: "bob", sealed: "for bob", signal };
  const result = deliverOnce(scene.hub.open(), delivery);
  result.catch(() => {}); // Awaited by the test.
  const { exchange: recipient, opening } = await scene.delivery();
  return { result, recipient, opening: opening as Message<"delivery"> };
}

async function accept(recipient: Exchange, chunkIndex: number): Promise<void> {
  const digest = chunkIndex === 0 ? null : "0".repeat(64);
  await recipient.accept({ offset: chunkIndex * CHUNK_BYTES, digest });
}

function pick(result: Awaited<ReturnType<typeof deliverOnce>>): object {
  assert.ok(typeof result === "object", `${result}`);
  return { code: result.code, sealed: result.sealed };
}
