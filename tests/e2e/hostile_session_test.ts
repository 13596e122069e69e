import assert from "node:assert/strict";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { eventually } from "../helpers/eventually.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { Scene } from "./scene.ts";
import { withstand } from "./withstand.ts";
import { packed } from "../helpers/packed.ts";
import { chunkOf } from "../helpers/chunks.ts";

const PREAMBLE = [0x50, 0x32, 0x50, 2, 1, 0, 0, 0];

/** What a stranger sends in place of a handshake, and whether the hub says what it is before it closes. */
const STRANGERS: Record<string, [bytes: number[] | string, answered: boolean]> = {
  "a preamble of another version": [[0x50, 0x32, 0x50, 1, 1, 0, 0, 0], true],
  "a preamble of another kind": [[0x50, 0x32, 0x50, 2, 9, 0, 0, 0], true],
  "HTTP": ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", false],
  "TLS": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false],
  "a handshake message that is too long": [[...PREAMBLE, 0x04, 0x01], true],
  "a handshake message that is too short": [[...PREAMBLE, 0, 3, 1, 2, 3], true],
  "a key of low order": [[...PREAMBLE, 0, 32, ...new Uint8Array(32)], true],
  "a first message that says something": [[...PREAMBLE, 0, 40, ...sampleBytes(40)], true],
  "more than may come before a session": [sampleBytes(100_000).reduce((s) => s + "P", ""), false],
};

for (const [name, [bytes, answered]] of Object.entries(STRANGERS)) {
  Deno.test(`the hub withstands ${name}`, async () => {
    await withstand(async (scene) => {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port: scene.port });
      const sent = typeof bytes === "string" ? Array.from(bytes, (c) => c.charCodeAt(0)) : bytes;
      await conn.write(Uint8Array.from(sent)).catch(() => {});
      const answer = await readToEnd(conn);
      assert.deepEqual([...answer].slice(0, 8), answered ? PREAMBLE : []);
    });
  });
}

Deno.test("the hub withstands a handshake that stops in the middle", async () => {
  await withstand(async (scene) => {
    const keys = await identityKeys();
    for (const length of [0, 1, 7, 8, 9, 10, 41, 42, 43, 1_225]) {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port: scene.port });
      const whole = [...PREAMBLE, 4, 192, ...keys.dh, ...keys.kem];
      await conn.write(Uint8Array.from(whole).slice(0, length));
    }
  });
});

for (const name of ["", " a", "a\nb", "\x1b]0;owned\x07", "a\u202Eb", "x".repeat(65)]) {
  Deno.test(`the hub refuses a peer called ${JSON.stringify(name)}`, async () => {
    await withstand(async (scene) => {
      using peer = await RawPeer.connect(scene.port, { name });
      const answer = await peer.answer();
      assert.ok(answer?.type === "goodbye" && answer.code === "refused", JSON.stringify(answer));
      assert.match(answer.reason, /^cannot take the name /);
    });
  });
}

Deno.test("the hub refuses the 17th offer at once, and goes on with the others", async () => {
  await using scene = await Scene.open();
  using peer = await RawPeer.connect(scene.port);
  const offers = Array.from({ length: 17 }, (_, i) => peer.offerOf(1, { name: `${i}` }));
  for (const offer of offers) await peer.send(offer);
  const answers = [];
  for (const _ of offers) answers.push(await peer.answer());
  const [refused, ...more] = answers.filter((answer) => answer?.type !== "accept");
  assert.deepEqual(more, []);
  assert.ok(refused?.type === "refuse" && refused.code === "busy" && refused.exchange === 33);
  assert.equal((await peer.attempt(offers[0]!, new Uint8Array(1)))?.type, "receipt");
  assert.deepEqual(scene.names(), ["0"]);
});

Deno.test("what comes packed is received as what it was, and counted so", async () => {
  await using scene = await Scene.open();
  using peer = await RawPeer.connect(scene.port);
  const content = new Uint8Array(3 * 262_144 + 1_000).fill(65);
  const offer = peer.offerOf(content.length, { name: "packed.txt" });
  await peer.ask(JSON.stringify(offer));
  const receipt = await peer.attempt(offer, content, { pack: (chunk) => packed(chunk) });
  assert.ok(receipt?.type === "receipt" && receipt.bytes === content.length);
  assert.deepEqual(await scene.read("packed.txt"), content);
});

Deno.test("a transfer id means nothing with another key", async () => {
  await using scene = await Scene.open();
  const [ana, eve] = [sampleBytes(SEGMENT_BYTES + 1000, 1), sampleBytes(SEGMENT_BYTES + 1000, 2)];
  const offer = { transfer: "ef".repeat(16), name: "secret.bin" };
  const keyPair = await identityKeys();
  {
    using peer = await RawPeer.connect(scene.port, { keyPair });
    const whole = peer.offerOf(ana.length, offer);
    await peer.ask(JSON.stringify(whole));
    await peer.attempt(whole, ana, {
      tamper: (chunks) => [...chunks.slice(0, -1), chunkOf(16)],
    });
  }
  {
    using peer = await RawPeer.connect(scene.port, { name: "ana" });
    const whole = peer.offerOf(eve.length, offer);
    const accepted = await peer.ask(JSON.stringify(whole));
    assert.ok(accepted?.type === "accept" && accepted.offset === 0 && accepted.digest === null);
    assert.equal((await peer.attempt(whole, eve))?.type, "receipt");
  }
  using peer = await RawPeer.connect(scene.port, { keyPair });
  const whole = peer.offerOf(ana.length, offer);
  const accepted = await peer.ask(JSON.stringify(whole));
  assert.ok(accepted?.type === "accept");
  assert.equal(accepted.offset, SEGMENT_BYTES);
  assert.equal((await peer.attempt(whole, ana, { offset: SEGMENT_BYTES }))?.type, "receipt");
  assert.deepEqual(await scene.read("secret.bin"), eve);
  assert.deepEqual(await scene.read("secret (1).bin"), ana);
});

Deno.test("what comes for a transfer that is settled is dropped", async () => {
  await using scene = await Scene.open();
  using peer = await RawPeer.connect(scene.port);
  const receipt = await peer.deliver(sampleBytes(1000), { name: "once" });
  assert.equal(receipt?.type, "receipt");
  await peer.send({ type: "settled", exchange: 1 });
  await scene.cleared();
  await peer.send({ type: "begin", exchange: 1, offset: 0, salt: "A".repeat(43) });
  await peer.sendData(1, chunkOf(500));
  for (const type of ["end", "settled"]) await peer.send({ type, exchange: 1 });
  await peer.send({ type: "cancel", exchange: 1, code: "changed", reason: "too late" });
  assert.equal((await peer.deliver(sampleBytes(10), { name: "twice" }))?.type, "receipt");
  assert.deepEqual(scene.names(), ["once", "twice"]);
  assert.deepEqual(await scene.read("once"), sampleBytes(1000));
});

Deno.test("an offer with an address makes the hub dial nowhere", async () => {
  await using scene = await Scene.open();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let called = false;
  const accepting = listener.accept().then((conn) => (called = true, conn.close()), () => {});
  using peer = await RawPeer.connect(scene.port);
  const address = `127.0.0.1:${listener.addr.port}`;
  const answer = await peer.deliver(sampleBytes(10), {
    address,
    to: address,
    url: `http://${address}/`,
  });
  assert.equal(answer?.type, "receipt");
  assert.equal(called, false);
  listener.close();
  await accepting;
});

Deno.test("a peer that goes without a word leaves no trouble behind", async () => {
  await using scene = await Scene.open({ plain: true });
  {
    using peer = await RawPeer.connect(scene.port);
    await peer.ask(JSON.stringify(peer.offerOf(1000)));
  }
  await scene.hub.line("interrupted");
  // What was never begun is kept for nobody.
  await eventually(() => assert.equal(scene.parts().length, 0));
  const { stderr } = await scene.stopHub("SIGINT");
  assert.match(stderr, /^stopped\n$/);
});

async function readToEnd(conn: Deno.TcpConn): Promise<Uint8Array> {
  const bytes = await Array.fromAsync(conn.readable.values()).catch(() => []);
  return Uint8Array.from(bytes.flatMap((chunk) => [...chunk]));
}
