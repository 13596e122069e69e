import assert from "node:assert/strict";
import { Channel, type Incoming } from "../../src/protocol/channel.ts";
import { accept, initiate } from "../../src/protocol/handshake.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { chunkOf, framed } from "../helpers/chunks.ts";
import { ChannelPair } from "../helpers/channel_pair.ts";
import { Loopback } from "../helpers/loopback.ts";

const GOODBYE: Message = { type: "goodbye", code: "bye", reason: "" };

Deno.test("Channel carries messages and chunks in their order, both ways", async () => {
  using pair = await ChannelPair.open();
  for (
    const [from, to] of [[pair.initiator, pair.acceptor], [pair.acceptor, pair.initiator]] as const
  ) {
    const incoming = to.incoming();
    const sent: Promise<void>[] = [];
    for (let i = 1; i <= 50; i++) {
      sent.push(
        from.send({ type: "credit", exchange: 7, bytes: i, wider: 0 }),
        from.sendData(i, framed(i * 1000, { fill: i })),
      );
    }
    for (let i = 1; i <= 50; i++) {
      assert.deepEqual(await take(incoming), { type: "credit", exchange: 7, bytes: i, wider: 0 });
      assert.deepEqual(await take(incoming), {
        type: "data",
        exchange: i,
        chunk: chunkOf(i * 1000, { fill: i }).slice(),
      });
    }
    await Promise.all(sent);
  }
});

Deno.test("Channel takes what came together with the handshake", async () => {
  using loopback = await Loopback.open();
  const initiating = initiate(loopback.client, {
    keyPair: await identityKeys(),
    name: "a",
    checkKey: () => Promise.resolve(),
  });
  const accepting = accept(loopback.server, { keyPair: await identityKeys() });
  const initiator = new Channel(loopback.client, await initiating);
  await initiator.send({ type: "ping" });
  const acceptor = new Channel(loopback.server, await accepting);
  assert.deepEqual(await take(acceptor.incoming()), { type: "ping" });
});

Deno.test("Channel fails with protocol for each thing that SPEC.md §5 to §7 do not allow", async () => {
  const cases: [what: string, bytes: number[]][] = [
    ["an unknown frame", [2, 0, 0, 20, ...new Array(20).fill(0)]],
    ["a record too short", [0, 0, 0, 16, ...new Array(16).fill(0)]],
    ["a record too long", [0, 1, 0, 0]],
    ["a data frame too long", [1, 4, 0, 22]],
    ["a data frame of an unknown flag", [1, 0, 0, 21, 0, 0, 0, 1, 4, ...new Array(16).fill(0)]],
    ["a short chunk that is not the last", [1, 0, 0, 21, ...new Array(21).fill(0)]],
    ["a record that is not authentic", [0, 0, 0, 20, ...new Array(20).fill(0)]],
  ];
  for (const [what, bytes] of cases) {
    using pair = await ChannelPair.open();
    await pair.conn.write(Uint8Array.from(bytes));
    await assert.rejects(take(pair.acceptor.incoming()), { code: "protocol" }, what);
  }
});

Deno.test("Channel fails with protocol for a message that is not valid", async () => {
  using pair = await ChannelPair.open();
  await pair.initiator.send({ type: "credit", exchange: 0, bytes: 1, wider: 0 });
  await assert.rejects(take(pair.acceptor.incoming()), { code: "protocol", message: /"exchange"/ });
});

Deno.test("Channel.incoming ends with the connection, and takes a cut inside a frame for a loss", async () => {
  using whole = await ChannelPair.open();
  await whole.initiator.send({ type: "ping" });
  whole.initiator.abort();
  assert.deepEqual(await Array.fromAsync(whole.acceptor.incoming()), [{ type: "ping" }]);
  using cut = await ChannelPair.open();
  await cut.conn.write(Uint8Array.of(0, 0, 0, 20, 1));
  cut.initiator.abort();
  await assert.rejects(Array.fromAsync(cut.acceptor.incoming()), { code: "connection" });
});

Deno.test("Channel.send and sendData fail with connection once it is closed", async () => {
  using pair = await ChannelPair.open();
  pair.initiator.abort();
  await assert.rejects(pair.initiator.send({ type: "ping" }), { code: "connection" });
  await assert.rejects(pair.initiator.sendData(1, framed(20)), { code: "connection" });
});

Deno.test("Channel.close gets its last words through past much that nobody has read", async () => {
  using pair = await ChannelPair.open();
  // More than the buffers of the sockets take: the acceptor has unread bytes in any case.
  const flood = floodFrom(pair.initiator);
  const incoming = pair.initiator.incoming();
  const closing = pair.acceptor.close(GOODBYE);
  assert.deepEqual(await take(incoming), GOODBYE);
  pair.initiator.abort();
  await Promise.all([closing, flood]);
});

Deno.test("Channel.close gets its last words through from inside its own reading, too", async () => {
  using pair = await ChannelPair.open();
  const flood = floodFrom(pair.initiator);
  const reading = (async () => {
    for await (const _ of pair.acceptor.incoming()) pair.acceptor.close(GOODBYE);
  })();
  assert.deepEqual(await take(pair.initiator.incoming()), GOODBYE);
  pair.initiator.abort();
  await Promise.all([reading, flood]);
});

Deno.test("Channel.close gives up on a peer that neither reads nor closes", async () => {
  using pair = await ChannelPair.open();
  // More than the buffers of the sockets take.
  const stuck = Array.from({ length: 256 }, () => pair.initiator.sendData(1, framed()));
  const ends = Promise.allSettled(stuck);
  await pair.initiator.close(GOODBYE);
  assert.ok((await ends).some(({ status }) => status === "rejected"));
  await assert.rejects(pair.initiator.send({ type: "ping" }), { code: "connection" });
});

Deno.test("Channel sends nothing more after its last words", async () => {
  using pair = await ChannelPair.open();
  const flood = floodFrom(pair.initiator);
  const incoming = pair.acceptor.incoming();
  const closing = pair.initiator.close(GOODBYE);
  await assert.rejects(pair.initiator.send({ type: "ping" }), { code: "connection" });
  const received = await Array.fromAsync(incoming);
  assert.deepEqual(received.at(-1), GOODBYE);
  pair.acceptor.abort();
  await Promise.all([closing, flood]);
});

/** Sends until the connection is gone. */
async function floodFrom(channel: Channel) {
  try {
    while (true) await channel.sendData(1, framed());
  } catch {
    // That is how it ends.
  }
}

async function take(incoming: AsyncGenerator<Incoming>): Promise<Incoming | undefined> {
  return (await incoming.next()).value;
}
