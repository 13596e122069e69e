import assert from "node:assert/strict";
import { chunksHeld, flightsHeld } from "../../src/protocol/chunk_memory.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { chunkOf } from "../helpers/chunks.ts";
import { eventually } from "../helpers/eventually.ts";
import { fullOr } from "../helpers/full_or.ts";
import { openServer } from "../helpers/hub_server.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { TempDir } from "../helpers/temp_dir.ts";

/** What a stranger may try: chunks that nobody reads. */

const STRANGERS = 16;
const CHUNKS = fullOr(15, 4);
const TRANSFER = "ab".repeat(16);

const OPENINGS: Record<string, object> = {
  "a relay without its envelopes": { type: "relay", transfer: TRANSFER, size: null, receivers: 1 },
  "a join": { type: "join" },
  "a nameplate": { type: "nameplate" },
};

for (const [what, opening] of Object.entries(OPENINGS)) {
  Deno.test(`sixteen strangers who send chunks in ${what} are put out, and nothing is held`, async () => {
    await using dir = await TempDir.make();
    const { server } = await openServer(dir);
    await using _ = { [Symbol.asyncDispose]: () => server.close() };
    const before = chunksHeld.bytes;
    await Promise.all(Array.from({ length: STRANGERS }, async (_, i) => {
      using stranger = await RawPeer.connect(server.address.port, { name: `stranger ${i}` });
      await stranger.send({ ...opening, exchange: 1 });
      for (let sent = 0; sent < CHUNKS; sent++) await stranger.sendData(1, chunkOf());
      const { code, reason } = await stranger.answer() as Message<"goodbye">;
      assert.deepEqual([code, reason], ["protocol", "exchange 1 sent data before a run"]);
    }));
    assert.equal(chunksHeld.bytes, before);
  });
}

Deno.test("first flights of sixteen strangers are held up to one bound, and nobody is put out", async () => {
  await using dir = await TempDir.make();
  const { server } = await openServer(dir);
  await using _ = { [Symbol.asyncDispose]: () => server.close() };
  const strangers = await Promise.all(Array.from({ length: STRANGERS }, async (_, i) => {
    const stranger = await RawPeer.connect(server.address.port, { name: `stranger ${i}` });
    for (const exchange of [1, 3]) {
      const relay = { type: "relay", exchange, transfer: TRANSFER, size: null, receivers: 1 };
      await stranger.send({ ...relay, ahead: true }); // Its envelope does not come.
      await stranger.send({ type: "begin", exchange, offset: 0, salt: "A".repeat(43) });
      for (let sent = 0; sent < 4; sent++) await stranger.sendData(exchange, chunkOf());
    }
    await stranger.send({ type: "ping" });
    assert.equal((await until(stranger, "pong")).type, "pong");
    return stranger;
  }));
  assert.ok(flightsHeld.bytes > 2 ** 20 && flightsHeld.bytes <= 16 * 2 ** 20);
  for (const stranger of strangers) stranger[Symbol.dispose]();
  await eventually(() => assert.equal(flightsHeld.bytes, 0));
});

async function until(peer: RawPeer, type: Message["type"]): Promise<Message> {
  for (;;) {
    const message = await peer.receive();
    assert.ok(message !== undefined, `no "${type}" has come`);
    if (message.type === type) return message;
  }
}
