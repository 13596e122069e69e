import assert from "node:assert/strict";
import { framed } from "../../helpers/chunks.ts";
import { Visit } from "../../../src/hub/relay/visit.ts";
import type { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { ENVELOPE_BYTES, SALT } from "../spool/spooled.ts";
import { expected, RelayScene } from "./relay_scene.ts";
import { FLAG } from "../../../src/transport/chunk_flags.ts";

Deno.test("Visit takes content to the spool, says when it is stored, and sends each outcome", async () => {
  await using scene = await RelayScene.open();
  const transfer = await scene.spool.admit(1, { to: ["bob", "cy"] });
  const { sender, over, events } = await begin(scene, transfer);
  assert.equal((await expected(sender, "accept")).offset, 0);
  assert.deepEqual(events, ["coming"]);
  await bring(sender, [1000]);
  assert.equal((await expected(sender, "stored")).until, transfer.relay.until);
  assert.deepEqual(events, ["coming", "stored"]);
  for (const to of ["bob", "cy"]) {
    await scene.spool.spool.conclude(transfer, { to, code: "delivered", sealed: `from ${to}` });
    const { code, sealed } = await expected(sender, "outcome");
    assert.deepEqual({ code, sealed }, { code: "delivered", sealed: `from ${to}` });
  }
  await sender.send({ type: "settled" });
  await over;
});

Deno.test("Visit asks for nothing of what is stored, and goes on behind the last chunk of what is not", async () => {
  await using scene = await RelayScene.open();
  {
    const { sender, over, events } = await begin(scene, await scene.spool.store(1));
    await expected(sender, "stored");
    assert.deepEqual(events, ["stored"]);
    await sender.send({ type: "settled" });
    await over;
  }
  const transfer = await scene.spool.admit(2, { size: null });
  {
    const { sender, over } = await begin(scene, transfer);
    await expected(sender, "accept");
    await sender.send({ type: "begin", offset: 0, salt: SALT });
    const writer = sender.writable.getWriter();
    for (let i = 0; i < 33; i++) await writer.write(framed(SEALED_CHUNK_BYTES));
    while (transfer.upload.chunks < 33) await transfer.changes.wait(); // A cancel overtakes chunks.
    await sender.send({ type: "cancel", code: "interrupted", reason: "" });
    await over;
    writer.abort().catch(() => {}); // Nobody takes more.
  }
  const { sender } = await begin(scene, transfer);
  assert.equal((await expected(sender, "accept")).offset, 33 * CHUNK_BYTES);
});

Deno.test("Visit gives a transfer up for the codes after which nothing comes, and for no other", async () => {
  await using scene = await RelayScene.open();
  for (const [i, code] of (["changed", "damaged", "quota", "interrupted"] as const).entries()) {
    const transfer = await scene.spool.admit(i, { size: 10 });
    const { sender, over } = await begin(scene, transfer);
    await expected(sender, "accept");
    await sender.send({ type: "cancel", code, reason: "" });
    await over;
    assert.equal(transfer.stateOf("bob"), code);
    assert.equal(transfer.isConcluded, code !== "interrupted");
  }
});

Deno.test("Visit stops a sender that brings more than there is room for, for good where it is a quota", async () => {
  await using scene = await RelayScene.open({
    quotaBytes: 2 * SEALED_CHUNK_BYTES + ENVELOPE_BYTES,
  });
  const transfer = await scene.spool.admit(1, { size: null });
  const { sender, over } = await begin(scene, transfer);
  await expected(sender, "accept");
  await bring(sender, [SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES, 1000]);
  const { code, reason } = await expected(sender, "cancel");
  assert.equal(code, "quota");
  assert.match(
    reason,
    /^no room: 525 KB needed, the quota has 524 KB left /,
  );
  await sender.send({ type: "settled" });
  await over;
  assert.equal(transfer.stateOf("bob"), "quota");
});

Deno.test("Visit.replace cancels the visit and resolves when the spool is free", async () => {
  await using scene = await RelayScene.open();
  const transfer = await scene.spool.admit(1, { size: null });
  const { visit, sender, over } = await begin(scene, transfer);
  await expected(sender, "accept");
  await sender.send({ type: "begin", offset: 0, salt: SALT });
  const ended = assert.rejects(over);
  await visit.replace();
  assert.equal(transfer.upload.isComing, false);
  assert.equal((await expected(sender, "cancel")).code, "busy");
  await ended;
});

Deno.test("Visit.tellAway names a recipient that cannot be served, and none that has an outcome", async () => {
  await using scene = await RelayScene.open();
  const transfer = await scene.spool.store(1, { to: ["bob", "cy"] });
  const { visit, sender, over } = await begin(scene, transfer);
  await expected(sender, "stored");
  await scene.spool.spool.conclude(transfer, { to: "bob", code: "kind", sealed: null });
  await expected(sender, "outcome");
  for (const name of ["bob", "cy"]) await visit.tellAway(name);
  const { to, state, until } = await expected(sender, "routed");
  assert.deepEqual({ to, state, until }, { to: "cy", state: "away", until: transfer.relay.until });
  await sender.send({ type: "settled" });
  await over;
  await visit.tellAway("cy"); // Too late, and no error.
});

Deno.test("Visit fails where a sender answers with anything but a begin at the offset", async () => {
  await using scene = await RelayScene.open();
  const wrong = [
    [
      { type: "begin", offset: CHUNK_BYTES, salt: SALT },
      /^"begin" does not answer an accept at 0$/,
    ],
    [{ type: "envelope", to: "bob", sealed: "x" }, /^"envelope" does not answer an accept at 0$/],
  ] as const;
  for (const [i, [message, error]] of wrong.entries()) {
    const { sender, over } = await begin(scene, await scene.spool.admit(i));
    await expected(sender, "accept");
    await sender.send(message);
    await assert.rejects(over, { code: "protocol", message: error });
  }
});

Deno.test("Visit keeps no packed chunk: in the spool all but the last are whole", async () => {
  await using scene = await RelayScene.open();
  const transfer = await scene.spool.admit(1, { size: 10 * CHUNK_BYTES });
  const { sender, over } = await begin(scene, transfer);
  await expected(sender, "accept");
  await sender.send({ type: "begin", offset: 0, salt: SALT });
  const stored = sender.receive();
  stored.catch(() => {}); // It never comes.
  const writer = sender.writable.getWriter();
  await writer.write(framed(100, { flags: FLAG.packed }));
  await writer.close();
  await assert.rejects(Promise.race([over, stored]), {
    code: "protocol",
    message: /a packed chunk/,
  });
  assert.equal(transfer.upload.chunks, 0);
});

/** A visit that runs, with the sender's end of its exchange and the callbacks so far. */
async function begin(scene: RelayScene, transfer: SpooledTransfer) {
  const relay = {
    transfer: transfer.relay.transfer,
    size: transfer.relay.size,
    receivers: 1,
    ahead: false,
  };
  const { atPeer: sender, atHub } = await scene.relay(relay);
  const events: string[] = [];
  const visit = new Visit(atHub, { spool: scene.spool.spool, transfer });
  const over = visit.run({
    onComing: () => events.push("coming"),
    onStored: () => events.push("stored"),
  });
  over.catch(() => {}); // Awaited by the test.
  return { visit, sender, over, events };
}

/** Brings sealed chunks of these lengths, all there are. */
async function bring(sender: Exchange, lengths: number[]): Promise<void> {
  await sender.send({ type: "begin", offset: 0, salt: SALT });
  const writer = sender.writable.getWriter();
  for (const length of lengths) await writer.write(framed(length));
  await writer.close();
}
