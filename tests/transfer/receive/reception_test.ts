import assert from "node:assert/strict";
import { join } from "node:path";
import { fromBase64url, fromHex, toBase64url } from "../../../src/bytes.ts";
import { AnsweredTransfers } from "../../../src/home/answered.ts";
import { DATA_HEADROOM_BYTES } from "../../../src/protocol/channel.ts";
import type { CancelCode, Message, MessageType, Offer } from "../../../src/protocol/messages.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import { CHUNK_BYTES, deriveDataKey, SealStream } from "../../../src/secure/sealed_stream.ts";
import { Staging } from "../../../src/storage/part/staging.ts";
import { Book } from "../../../src/storage/book/book.ts";
import { openAnswer } from "../../../src/transfer/answer.ts";
import type { TransferEvent } from "../../../src/transfer/events.ts";
import { Receiver, type ReceiverOptions } from "../../../src/transfer/receive/receiver.ts";
import { sealedReplies } from "../../../src/transfer/receive/replies.ts";
import { eventually } from "../../helpers/eventually.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { OFFER, SessionPair } from "../../helpers/session_pair.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { KEYS } from "../relay_scene.ts";

const SEGMENT = 8 * 2 ** 20;
const CONTENT = sampleBytes(SEGMENT + 3 * CHUNK_BYTES + 1);
const SALT = toBase64url(new Uint8Array(32).fill(7));

Deno.test("Reception through a hub takes a run from its middle, and its receipt opens for the sender alone", async () => {
  await using scene = await Scene.open();
  const cut = await scene.deliver();
  assert.equal((await cut.next("accept")).offset, 0);
  await cut.run({ from: 0, to: SEGMENT / CHUNK_BYTES + 1 });
  await eventually(() => assert.match(scene.journal(), /"offset":8388608/));
  await cut.exchange.send({ type: "cancel", code: "interrupted", reason: "" });
  await scene.receiver.idle();
  assert.deepEqual([scene.names(), scene.parts], [[], 1]);

  const hub = await scene.deliver();
  const { offset } = await hub.next("accept");
  assert.ok(offset === SEGMENT || offset === SEGMENT + CHUNK_BYTES, `${offset}`); // A cancel overtakes chunks.
  await hub.run({ from: offset / CHUNK_BYTES });
  await hub.end();
  const answer = await hub.next("answer");
  const { receipt } = await openAnswer(answer, ABOUT);
  assert.deepEqual([receipt?.savedAs, receipt?.bytes, receipt?.resumedAt], [
    "film.bin",
    CONTENT.length,
    offset,
  ]);
  assert.equal(scene.parts, 1, "until the hub has it");
  await hub.settle();
  await scene.receiver.idle();
  assert.deepEqual([scene.names(), scene.parts], [["film.bin"], 0]);
  assert.deepEqual(await Deno.readFile(scene.path("film.bin")), CONTENT);
});

Deno.test("Reception answers a delivery that comes again as the first time, and takes nothing", async () => {
  await using scene = await Scene.open();
  const first = await scene.deliver();
  await first.next("accept");
  await first.run({ from: 0 });
  await first.end();
  const { receipt } = await openAnswer(await first.next("answer"), ABOUT);
  await first.settle();
  await scene.receiver.idle();
  const events = scene.events.length;
  for (let i = 0; i < 2; i++) {
    const again = await scene.deliver();
    const answer = await again.next("answer");
    assert.equal(answer.code, "delivered");
    assert.deepEqual((await openAnswer(answer, ABOUT)).receipt, receipt);
    await scene.receiver.idle();
  }
  assert.equal(scene.events.length, events, "nothing is offered or received");
  assert.deepEqual([scene.names(), scene.parts], [["film.bin"], 0]);
});

Deno.test("Reception asks a person once, whatever the hub brings again", async () => {
  let asked = 0;
  const ask = () => Promise.resolve(++asked > 1);
  await using scene = await Scene.open({ acceptance: { ask } });
  for (let i = 0; i < 2; i++) {
    const answer = await (await scene.deliver()).next("answer");
    const { reason } = await openAnswer(answer, ABOUT);
    assert.deepEqual([answer.code, reason], ["declined", "the receiver declined it"]);
    await scene.receiver.idle();
  }
  assert.equal(asked, 1);
});

Deno.test("Reception tells a hub to keep what cannot be taken now, and why not to nobody but the sender", async () => {
  await using full = await Scene.open({}, { quotaBytes: 10 });
  const answer = await (await full.deliver()).next("answer");
  assert.equal(answer.code, "quota");
  assert.match((await openAnswer(answer, ABOUT)).reason ?? "", /\d/);

  await using scene = await Scene.open();
  const hub = await scene.deliver();
  await hub.next("accept");
  await Deno.remove(scene.path(".p2p-partial"), { recursive: true });
  await Deno.writeTextFile(scene.path(".p2p-partial"), "no folder");
  await hub.run({ from: 0 });
  await hub.end();
  const { code, reason } = await hub.next("cancel");
  assert.deepEqual([code, reason], ["disk", "it cannot be taken at the moment"]);
});

Deno.test("Reception drops what will not go on, and keeps what may", async () => {
  const cases: [code: CancelCode, parts: number][] = [
    ["interrupted", 1],
    ["changed", 0],
    ["quota", 0],
    ["damaged", 0],
  ];
  for (const [code, parts] of cases) {
    await using scene = await Scene.open();
    const hub = await scene.deliver();
    await hub.next("accept");
    await hub.run({ from: 0, to: 2 });
    await hub.exchange.send({ type: "cancel", code, reason: "that is why" });
    await scene.receiver.idle();
    const last = scene.events.at(-1)!;
    assert.deepEqual([last.event, last.event === "interrupted" && last.reason], [
      "interrupted",
      "that is why",
    ]);
    assert.deepEqual([scene.names(), scene.parts], [[], parts], code);
  }
});

Deno.test("Reception ends a transfer for good where a chunk is not what was sealed", async () => {
  await using scene = await Scene.open();
  const hub = await scene.deliver();
  await hub.next("accept");
  await hub.run({ from: 0, to: 2, salt: toBase64url(new Uint8Array(32).fill(8)) });
  const answer = await hub.next("answer");
  assert.equal(answer.code, "corrupt");
  assert.match((await openAnswer(answer, ABOUT)).reason ?? "", /cannot open chunk 0/);
  await scene.receiver.idle();
  assert.deepEqual([scene.names(), scene.parts], [[], 0]);
});

Deno.test("Reception takes a run from the start or from where it stands, by whole chunks", async () => {
  const runs = [
    { offset: CHUNK_BYTES, start: 0 },
    { offset: 0, start: CHUNK_BYTES },
    { offset: SEGMENT, start: SEGMENT },
  ];
  for (const run of runs) {
    await using scene = await Scene.open();
    const hub = await scene.deliver();
    await hub.next("accept");
    await hub.exchange.send({ type: "run", salt: SALT, ...run });
    const { reason } = await openAnswer(await hub.next("answer"), ABOUT);
    assert.equal(reason, 'expected a run from 0, got "run"', JSON.stringify(run));
  }
});

Deno.test("Reception with skip refuses what has a name that is taken", async () => {
  await using scene = await Scene.open({ onConflict: "skip" });
  await Deno.writeFile(scene.path("film.bin"), CONTENT);
  assert.equal((await (await scene.deliver()).next("answer")).code, "exists");
});

Deno.test("Reception keeps the part for as long as its answer is not on disk", async () => {
  await using scene = await Scene.open();
  const hub = await scene.deliver();
  await hub.next("accept");
  await Deno.remove(scene.home, { recursive: true });
  await hub.run({ from: 0 });
  await hub.end();
  assert.equal((await hub.next("answer")).code, "delivered");
  await hub.settle();
  await scene.receiver.idle();
  assert.deepEqual([scene.names(), scene.parts], [["film.bin"], 1]);
});

/** How ana opens what bob has answered. */
const ABOUT = { transfer: OFFER.transfer, keyPair: KEYS.ana, key: KEYS.bob.id };

const FILM = { ...OFFER, name: "film.bin", kind: "file", size: CONTENT.length } as const;

/** Bob, to whom a hub brings a film of ana; `await using` ends the session. */
class Scene implements AsyncDisposable {
  readonly events: TransferEvent[] = [];
  readonly receiver: Receiver;
  readonly #dir: TempDir;
  readonly #pair: SessionPair;

  static async open(
    options: Partial<ReceiverOptions> = {},
    quota: { quotaBytes?: number } = {},
  ): Promise<Scene> {
    const dir = await TempDir.make();
    const kept = { book: new Book(quota), published: dir.join("published.jsonl") };
    const staging = await Staging.open(dir.join("in"), { keepMs: 86_400_000, kept });
    const answered = await AnsweredTransfers.open(dir.join("home"));
    const pair = await SessionPair.open({
      onOpenInitiator: (exchange, { exchange: number }) => {
        const { transfer } = FILM;
        const offer: Offer = { type: "offer", exchange: number, ...FILM };
        const about = { keyPair: KEYS.bob, to: KEYS.ana, transfer, answered };
        const from = { key: KEYS.ana.id, name: "ana" };
        scene.receiver.receive(exchange, { offer, from, replies: sealedReplies(exchange, about) });
      },
    });
    const common = { acceptance: {}, onConflict: "rename", allowHidden: false } as const;
    const scene = new Scene(dir, pair, { ...common, staging, ...options });
    return scene;
  }

  private constructor(dir: TempDir, pair: SessionPair, options: Omit<ReceiverOptions, "report">) {
    this.#dir = dir;
    this.#pair = pair;
    this.receiver = new Receiver({ ...options, report: (event) => this.events.push(event) });
  }

  /** The hub brings the film. */
  async deliver(): Promise<Hub> {
    const exchange = this.#pair.acceptor.open();
    const { transfer, size } = FILM;
    await exchange.send({
      type: "delivery",
      transfer,
      from: "ana",
      sealed: "x",
      size,
      ahead: false,
    });
    return new Hub(exchange);
  }

  /** The journal of the one part. */
  journal(): string {
    const [part] = namesIn(this.path(".p2p-partial"));
    return Deno.readTextFileSync(join(this.path(".p2p-partial"), part!, "journal"));
  }

  get home(): string {
    return this.#dir.join("home");
  }

  path(name: string): string {
    return this.#dir.join("in", name);
  }

  /** Names in the receiver's folder, without the one for parts. */
  names(): string[] {
    return namesIn(this.#dir.join("in")).filter((name) => name !== ".p2p-partial");
  }

  get parts(): number {
    return namesIn(this.path(".p2p-partial")).length;
  }

  async [Symbol.asyncDispose]() {
    await this.#pair[Symbol.asyncDispose]();
    await this.receiver.idle();
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** The hub's end of one delivery. */
class Hub {
  readonly exchange: Exchange;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.#writer = exchange.writable.getWriter();
  }

  /** The next message, which has to be of that type. */
  async next<T extends MessageType>(type: T): Promise<Message<T>> {
    const message: Message = await this.exchange.receive();
    if (message.type === type) return message as unknown as Message<T>;
    throw new Error(`${JSON.stringify(message)} where "${type}" was due`);
  }

  /** Passes on chunks of the one run of ana, which began at 0: those from `from` to before `to`. */
  async run({ from, to, salt = SALT }: { from: number; to?: number; salt?: string }) {
    await this.exchange.send({ type: "run", offset: from * CHUNK_BYTES, start: 0, salt });
    for (const chunk of (await sealed()).slice(from, to)) {
      await this.#writer.write(chunk).catch(() => {}); // The receiver may have had enough.
    }
  }

  async end() {
    await this.#writer.close().catch(() => {});
  }

  settle(): Promise<void> {
    return this.exchange.send({ type: "settled" });
  }
}

/** All sealed chunks of the film, with room for a header in front. */
async function sealed(): Promise<Uint8Array[]> {
  const key = deriveDataKey(fromBase64url(OFFER.key), {
    salt: fromBase64url(SALT),
    transferId: fromHex(OFFER.transfer),
    offset: 0,
  });
  const starts = Array.from({ length: Math.ceil(CONTENT.length / CHUNK_BYTES) }, (_, i) => i);
  const chunks = starts.map((i) => CONTENT.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
  const seal = new SealStream(key, { headroom: DATA_HEADROOM_BYTES });
  return await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(seal));
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
