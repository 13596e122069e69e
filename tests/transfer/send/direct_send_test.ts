import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { flightsHeld } from "../../../src/protocol/chunk_memory.ts";
import type { CancelCode } from "../../../src/protocol/messages.ts";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { sendTransfer } from "../../../src/transfer/send/direct_send.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import type { Source } from "../../../src/transfer/source/source.ts";
import { stdinSource, textSource } from "../../../src/transfer/source/stdin_source.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { SessionPair } from "../../helpers/session_pair.ts";
import { DirectScene, TRANSFER } from "../direct_scene.ts";

const SEGMENT = 8 * 2 ** 20;

Deno.test("sendTransfer brings a file whole, and gives the receipt of the receiver", async () => {
  await using scene = await DirectScene.open();
  const content = sampleBytes(3 * CHUNK_BYTES + 7);
  const sha256 = createHash("sha256").update(content).digest("hex");
  await Deno.writeFile(scene.path("photo.bin"), content);
  let partsAtReceipt = 0;
  const delivered = await scene.send(await openSource(scene.path("photo.bin")), {
    onReceipt: () => Promise.resolve(void (partsAtReceipt = scene.parts)),
  });
  await scene.idle();
  const { latency, duration, ...facts } = delivered;
  assert.ok(latency >= 0 && duration >= 0);
  assert.deepEqual(facts, {
    ...{ event: "delivered", transfer: TRANSFER, to: "rack", name: "photo.bin" },
    ...{ savedAs: "photo.bin", sha256, bytes: content.length, resumedAt: 0 },
  });
  assert.deepEqual(await Deno.readFile(scene.path("in", "photo.bin")), content);
  assert.deepEqual(eventsOf(scene), ["offered", "received"]);
  assert.deepEqual([partsAtReceipt, scene.parts], [1, 0], "the part goes when it is settled");
  assert.equal(scene.sent.at(-1)!.event, "progress");
});

Deno.test("sendTransfer brings a folder whole", async () => {
  await using scene = await DirectScene.open();
  await Deno.mkdir(scene.path("trip", "day 1"), { recursive: true });
  await Deno.writeFile(scene.path("trip", "day 1", "a.bin"), sampleBytes(CHUNK_BYTES));
  await Deno.writeTextFile(scene.path("trip", "note.txt"), "hello");
  const { files, bytes } = await scene.send(await openSource(scene.path("trip")));
  assert.deepEqual([files, bytes], [2, CHUNK_BYTES + 5]);
  const name = scene.path("in", "trip", "day 1", "a.bin");
  assert.deepEqual(await Deno.readFile(name), sampleBytes(CHUNK_BYTES));
});

Deno.test("sendTransfer goes on where the receiver stands, and starts over where the content is another", async () => {
  await using scene = await DirectScene.open();
  const content = sampleBytes(2 * SEGMENT + 5);
  const path = scene.path("film.bin");
  await Deno.writeFile(path, content);
  const cutInSecondSegment = async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    scene.onReceived = (event) => {
      if (event.event === "progress" && event.bytes > SEGMENT) resolve();
    };
    const signal = new AbortController().signal;
    const cut = scene.send(await openSource(path), { limit: 40 * 2 ** 20, signal });
    cut.catch(() => {});
    await seen;
    await scene.cut();
    await assert.rejects(cut, { code: "connection" });
  };
  await cutInSecondSegment();
  assert.equal(scene.received.at(-1)!.event, "interrupted");
  const resumed = await scene.send(await openSource(path), { begun: true });
  assert.ok(resumed.resumedAt > SEGMENT, `${resumed.resumedAt}`);
  assert.deepEqual(await Deno.readFile(scene.path("in", "film.bin")), content);

  await scene.idle();
  await cutInSecondSegment();
  content[0]! ^= 1;
  await Deno.writeFile(path, content);
  const again = await scene.send(await openSource(path), { begun: true });
  assert.deepEqual([again.resumedAt, again.savedAs], [0, "film (1).bin"]);
  assert.deepEqual(await Deno.readFile(scene.path("in", "film (1).bin")), content);
});

Deno.test("sendTransfer tells why the receiver refused, and nothing is left there", async () => {
  const policy = () => Promise.resolve("only on weekdays");
  const refusals = [
    { acceptance: { kinds: ["image"] as const }, reason: /only images are accepted here$/ },
    { acceptance: { maxBytes: 4 }, reason: /it is 5 B; at most 4 B are accepted here/ },
    { acceptance: { policy }, reason: /only on weekdays$/ },
    { acceptance: { ask: () => Promise.resolve(false) }, reason: /declined it$/ },
  ];
  for (const { acceptance, reason } of refusals) {
    await using scene = await DirectScene.open({ acceptance });
    const message = new RegExp(`^"note.txt" was refused: .*${reason.source}`);
    await assert.rejects(scene.send(note()), { code: "refused", message });
    await scene.idle();
    assert.deepEqual(eventsOf(scene), ["offered", "refused"]);
    assert.deepEqual([scene.names(), scene.parts], [[], 0]);
  }
});

Deno.test("sendTransfer stops when its signal aborts, and the receiver keeps what it has", async () => {
  await using scene = await DirectScene.open();
  const stop = new AbortController();
  const reason = new Error("stopped by hand");
  scene.onReceived = ({ event }) => {
    if (event === "progress") stop.abort(reason);
  };
  await Deno.writeFile(scene.path("film.bin"), sampleBytes(2 * SEGMENT));
  const sending = scene.send(await openSource(scene.path("film.bin")), { signal: stop.signal });
  await assert.rejects(sending, reason);
  await scene.idle();
  const last = scene.received.at(-1)!;
  assert.deepEqual([last.event, last.event === "interrupted" && last.reason], [
    "interrupted",
    "the sender stopped it",
  ]);
  assert.deepEqual([scene.names(), scene.parts], [[], 1]);
});

Deno.test("sendTransfer tells why the receiver stopped in the middle", async () => {
  await using scene = await DirectScene.open({ acceptance: { maxBytes: CHUNK_BYTES } });
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(sampleBytes(CHUNK_BYTES)),
  }, { highWaterMark: 0 });
  const source = await stdinSource(endless, "log.txt");
  await assert.rejects(scene.send(source), {
    code: "refused",
    message: /^the receiver stopped "log.txt": it is larger than the 262 KB/,
  });
  await source.close();
  await scene.idle();
  assert.deepEqual([scene.names(), scene.parts], [[], 0], "half of it is of no use");
});

Deno.test("sendTransfer of a source that lies about its size publishes nothing", async () => {
  for (const size of [4, 6]) {
    await using scene = await DirectScene.open();
    const sending = scene.send({ ...note(), size });
    await assert.rejects(sending, { code: "refused", message: /the receiver stopped "note.txt"/ });
    await scene.idle();
    assert.deepEqual([scene.names(), scene.parts], [[], 0], `${size} of 5 bytes`);
  }
});

Deno.test("sendTransfer of a file that changes says so to the receiver, who drops what it has", async () => {
  await using scene = await DirectScene.open();
  const path = scene.path("film.bin");
  await Deno.writeFile(path, sampleBytes(SEGMENT));
  const source = await openSource(path);
  await Deno.writeFile(path, sampleBytes(SEGMENT - 1));
  await assert.rejects(scene.send(source), { code: "local", message: /changed while it was sent/ });
  await scene.idle();
  const last = scene.received.at(-1)!;
  assert.match(last.event === "interrupted" ? last.reason : "", /changed/);
  assert.deepEqual([scene.names(), scene.parts], [[], 0]);
});

Deno.test("sendTransfer that is asked for a receipt again gets it, and no second file is made", async () => {
  await using scene = await DirectScene.open();
  const noDisk = new Error("no room for the receipt");
  const onReceipt = () => Promise.reject(noDisk);
  await assert.rejects(scene.send(note(), { onReceipt }), noDisk);
  await scene.cut();
  const again = await scene.send(note(), { begun: true });
  assert.deepEqual([again.already, again.savedAs], [true, "note.txt"]);
  await scene.idle();
  assert.deepEqual([scene.names(), scene.parts], [["note.txt"], 0]);
});

Deno.test("sendTransfer moves nothing where the receiver says that it has the content that was named", async () => {
  const already = { type: "already", savedAs: "b.txt", sha256: "ab".repeat(32), bytes: 5 } as const;
  for (const sha256 of [already.sha256, "cd".repeat(32), null]) {
    await using pair = await SessionPair.open({
      onOpen: async (exchange, opening) => {
        assert.equal(opening.type === "offer" && opening.sha256, sha256);
        await exchange.send(already);
      },
    });
    const { signal } = new AbortController();
    const onReceipt = () => Promise.resolve();
    const options = { transfer: TRANSFER, to: "rack", report: () => {}, signal, onReceipt };
    const sending = sendTransfer(pair.initiator, note(), { ...options, sha256 });
    if (sha256 !== already.sha256) {
      await assert.rejects(sending, { code: "protocol", message: /not named/ });
      continue;
    }
    const delivered = await sending;
    assert.deepEqual([delivered.already, delivered.savedAs], [true, "b.txt"]);
    assert.deepEqual([delivered.resumedAt, delivered.bytes], [5, 5]);
  }
});

Deno.test("sendTransfer sends content with its offer where nothing speaks against it", async () => {
  const stdin = await stdinSource(new Blob(["hello"]).stream(), "note.txt");
  const cases: [ahead: boolean, source: Source, options: object][] = [
    [true, note(), {}],
    [false, note(), { begun: true }],
    [false, note(), { limit: 1_000 }],
    [false, note(), { sha256: "ab".repeat(32) }],
    [false, stdin, {}],
  ];
  for (const [ahead, source, options] of cases) {
    const said = Promise.withResolvers<unknown>();
    await using pair = await SessionPair.open({
      onOpen: async (exchange, opening) => {
        said.resolve("ahead" in opening && opening.ahead);
        await exchange.send({ type: "refuse", code: "declined", reason: "" });
      },
    });
    const { signal } = new AbortController();
    const onReceipt = () => Promise.resolve();
    const about = { transfer: TRANSFER, to: "rack", report: () => {}, signal, onReceipt };
    await assert.rejects(sendTransfer(pair.initiator, source, { ...about, ...options }));
    assert.equal(await said.promise, ahead, JSON.stringify(options));
  }
});

Deno.test("what came with an offer and was not held is sent again", async () => {
  const asks = { ask: () => Promise.resolve(true) };
  for (const acceptance of [asks, {}]) {
    await using scene = await DirectScene.open({ acceptance });
    if (acceptance !== asks) flightsHeld.hold(16 * 2 ** 20);
    try {
      const content = sampleBytes(6 * CHUNK_BYTES + 7);
      await Deno.writeFile(scene.path("photo.bin"), content);
      const { bytes, resumedAt } = await scene.send(await openSource(scene.path("photo.bin")));
      assert.deepEqual([bytes, resumedAt], [content.length, 0]);
      const received = await Deno.readFile(scene.path("in", "photo.bin"));
      assert.equal(Buffer.compare(received, content), 0);
    } finally {
      if (acceptance !== asks) flightsHeld.hold(-16 * 2 ** 20);
    }
  }
});

Deno.test("sendTransfer tells what may go well at another try from what may not", async () => {
  const cancel = (code: CancelCode) => ({ type: "cancel", code, reason: "no" }) as const;
  const accept = "accept";
  const cases: [answers: Answer[], code: string, message: RegExp][] = [
    [[cancel("interrupted")], "connection", /^the receiver stopped "note.txt": no$/],
    [[cancel("corrupt")], "connection", /stopped/],
    [[cancel("disk")], "refused", /stopped/],
    [[accept, cancel("damaged")], "refused", /stopped/],
    [[{ type: "settled" }], "protocol", /expected an answer to an offer, got "settled"/],
    [[accept, { type: "settled" }], "protocol", /expected a receipt, got "settled"/],
  ];
  for (const [answers, code, message] of cases) {
    await using pair = await SessionPair.open({
      onOpen: async (exchange) => {
        for (const answer of answers) {
          if (answer === accept) await exchange.accept({ offset: 0, digest: null });
          else await exchange.send(answer);
        }
      },
    });
    const signal = new AbortController().signal;
    const options = { transfer: TRANSFER, to: "rack", report: () => {}, signal };
    const onReceipt = () => Promise.resolve();
    const sending = sendTransfer(pair.initiator, note(), { ...options, onReceipt });
    await assert.rejects(sending, { code, message }, JSON.stringify(answers));
  }
});

/** What a receiver answers; `accept` grants what it says. */
type Answer = "accept" | Parameters<Exchange["send"]>[0];

function note(): Source {
  return textSource("hello", "note.txt");
}

function eventsOf(scene: DirectScene): string[] {
  return scene.received.map(({ event }) => event).filter((event) => event !== "progress");
}
