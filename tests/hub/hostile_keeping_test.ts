import assert from "node:assert/strict";
import { join } from "node:path";
import type { HubServer, HubServerEvent, HubServerOptions } from "../../src/hub/hub_server.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { FILE_BYTES } from "../../src/storage/book/price.ts";
import { eventually } from "../helpers/eventually.ts";
import { openServer } from "../helpers/hub_server.ts";
import { ManualClock } from "../helpers/manual_clock.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { chunkOf } from "../helpers/chunks.ts";

/** Rule 24 of what a stranger may try: what is kept has a price. */

const QUOTA = 1_000_000;
const LONGEST_ENVELOPE = "A".repeat(8_192);
const SALT = "S".repeat(43);

Deno.test("envelopes are kept within the quota, and go with a sender that brings nothing", async () => {
  await using scene = await Scene.open();
  const names = await scene.joinAs(16);
  {
    using mallory = await scene.connect();
    const answers = [];
    for (let i = 0; i < 16; i++) answers.push(await relay(mallory, { number: i, to: names }));
    const codes = answers.map(({ type, code }) => `${type} ${code ?? ""}`);
    assert.ok(codes.filter((code) => code === "accept ").length >= 3, codes.join());
    const refusal = answers.at(-1)!;
    assert.equal(refusal.code, "quota");
    assert.match(refusal.reason, /^no room: .* needed, the quota has .* left \(of 1\.0 MB\)$/);
    assert.ok(scene.bytesIn("home/spool") < QUOTA, `${scene.bytesIn("home/spool")} bytes`);
  }
  await eventually(() => assert.deepEqual(scene.names("home/spool"), []));
  using mallory = await scene.connect();
  assert.equal((await relay(mallory, { number: 99, to: names })).type, "accept");
});

Deno.test("envelopes count again after a restart, and are read when one is delivered", async () => {
  await using scene = await Scene.open();
  const [name = ""] = await scene.joinAs(1);
  let stored = 0;
  {
    using mallory = await scene.connect();
    for (let i = 0; i < 70; i++) {
      const { type } = await relay(mallory, { number: i, to: [name] });
      if (type !== "accept") continue;
      stored++;
      await mallory.send({ type: "begin", exchange: 2 * i + 1, offset: 0, salt: SALT });
      await mallory.sendData(2 * i + 1, chunkOf(17));
      await mallory.send({ type: "end", exchange: 2 * i + 1 });
      await until(mallory, "stored");
      await mallory.send({ type: "settled", exchange: 2 * i + 1 });
    }
  }
  assert.ok(stored >= 1 && stored < 70, `${stored} are stored`);
  await scene.restart();
  {
    using mallory = await scene.connect();
    assert.equal((await relay(mallory, { number: 99, to: [name] })).code, "quota");
  }
  using bo = await scene.connect(name);
  await bo.send({ type: "join", exchange: 1 });
  assert.equal((await until(bo, "delivery")).sealed, LONGEST_ENVELOPE);
});

Deno.test("the headers of an archive count, whatever is in them, and so does each file", async () => {
  await using scene = await Scene.open();
  using mallory = await scene.connect();
  const folder = { folder: true, name: "padded" };
  const padded = archiveOf(70, { padding: "x".repeat(16_000) });
  const stopped = await mallory.deliver(padded, { ...folder, size: 0, files: 70 }) as Answer;
  assert.deepEqual([stopped.type, stopped.code], ["cancel", "quota"]);
  assert.match(stopped.reason, /the quota has .* left/);
  assert.ok(scene.bytesIn("received") < 1.5 * QUOTA);
  const many = await mallory.deliver(archiveOf(250), { ...folder, size: 0, files: 250 }) as Answer;
  assert.deepEqual([many.type, many.code], ["refuse", "quota"]);
  assert.match(many.reason, /^no room: 254 files and folders needed, the quota has \d+ left/);
  const undeclared = archiveOf(250, { folder: true });
  const more = await mallory.deliver(undeclared, { ...folder, size: 0, files: 0 }) as Answer;
  assert.deepEqual([more.type, more.code], ["cancel", "quota"]);
});

Deno.test("what was cut off counts until it is removed, after a restart too", async () => {
  await using scene = await Scene.open();
  const chunks = 2;
  for (let i = 0; i < 2; i++) {
    using mallory = await scene.connect();
    const offer = mallory.offerOf(400_000);
    await mallory.send(offer);
    assert.equal((await mallory.answer())?.type, "accept");
    await mallory.attempt(offer, new Uint8Array(400_000), {
      tamper: (all) => all.slice(0, chunks - 1),
    });
  }
  const parts = () => scene.names("received/.p2p-partial").length;
  await eventually(() => assert.equal(parts(), 2));
  await scene.restart();
  using mallory = await scene.connect();
  const rest = QUOTA - 2 * 262_144;
  const { code, reason } = await mallory.deliver(new Uint8Array(rest + 1)) as Answer;
  assert.equal(code, "quota");
  assert.ok(reason.startsWith("no room: 476 KB needed, the quota has 47"), reason);
  // Their journals count too.
  assert.equal((await mallory.deliver(new Uint8Array(rest - 2_000)))?.type, "receipt");
});

Deno.test("an offer that was accepted and never begun leaves nothing", async () => {
  await using scene = await Scene.open();
  {
    using mallory = await scene.connect();
    for (let i = 0; i < 16; i++) await mallory.send(mallory.offerOf(10));
    for (let i = 0; i < 16; i++) assert.equal((await mallory.answer())?.type, "accept");
  }
  await eventually(() => assert.deepEqual(scene.names("received/.p2p-partial"), []));
});

Deno.test("many keys have what all may have together, and one network half of that", async () => {
  await using scene = await Scene.open({ quotaBytes: 100_000, diskBytes: 1_000_000 });
  const answers = [];
  for (let i = 0; i < 12; i++) {
    using stranger = await RawPeer.connect(scene.port, { name: `stranger ${i}` });
    answers.push(await stranger.deliver(new Uint8Array(90_000), { name: `${i}` }) as Answer);
  }
  const taken = answers.filter(({ type }) => type === "receipt").length;
  assert.ok(taken >= 4 && taken <= 6, `${taken} were taken`);
  assert.match(answers.at(-1)!.reason, /the share of one network has .* left \(of 500 KB\)$/);
});

Deno.test("what is too old goes while the hub runs", async () => {
  const clock = new ManualClock();
  await using scene = await Scene.open({ clock });
  {
    using mallory = await scene.connect();
    const offer = mallory.offerOf(400_000);
    await mallory.send(offer);
    assert.equal((await mallory.answer())?.type, "accept");
    await mallory.attempt(offer, new Uint8Array(400_000), { tamper: (all) => all.slice(0, 1) });
  }
  const part = () => scene.names("received/.p2p-partial");
  await eventually(() => assert.equal(part().length, 1));
  clock.advance(60_000);
  await scene.makeOld(`received/.p2p-partial/${part()[0]}`);
  await eventually(() => {
    clock.advance(60_000);
    assert.deepEqual(part(), []);
  });
});

Deno.test("lines about people who come and go have a bound a minute, and the rest is counted", async () => {
  const clock = new ManualClock();
  await using scene = await Scene.open({ clock });
  for (let i = 0; i < 60; i++) await scene.joinAs(1);
  await eventually(() => assert.equal(scene.told("people").length, 100));
  await eventually(() => {
    clock.advance(60_000);
    const [rest] = scene.told("error").map((event) => event.error.message);
    assert.match(rest ?? "", /^(19|20) more times somebody joined or left in the last minute$/);
  });
  await scene.joinAs(1);
  await eventually(() => assert.ok(scene.told("people").length > 100));
});

/** An archive of so many files, or folders, with nothing in them, whose headers are padded. */
function archiveOf(
  entries: number,
  { padding = "", folder = false }: { padding?: string; folder?: boolean } = {},
): Uint8Array {
  const pieces = Array.from({ length: entries }, (_, i) => {
    const path = [`${1_000 + i}`];
    const file = folder ? {} : { size: 0, kind: "file", executable: false };
    const header = JSON.stringify({ path, folder, modified: 0, ...file, padding });
    const bytes = new TextEncoder().encode(header);
    const tail = folder ? [] : Array<number>(33).fill(0); // Whole, and a digest (SPEC.md §10).
    return [bytes.length >> 8, bytes.length & 0xff, ...bytes, ...tail];
  });
  return new Uint8Array([...pieces.flat(), 0, 0]);
}

/** The fields of any answer. */
type Answer = { type: string; code?: string; reason: string };

/** Opens a relay and sends its envelopes; the hub's last word on it. */
async function relay(
  peer: RawPeer,
  { number, to }: { number: number; to: string[] },
): Promise<Answer> {
  const exchange = 2 * number + 1;
  const transfer = number.toString(16).padStart(32, "0");
  await peer.send({ type: "relay", exchange, transfer, size: null, receivers: to.length });
  for (const name of to) {
    await peer.send({ type: "envelope", exchange, to: name, sealed: LONGEST_ENVELOPE });
  }
  return await peer.answer() as Answer;
}

async function until<T extends Message["type"]>(peer: RawPeer, type: T): Promise<Message<T>> {
  while (true) {
    const message = await peer.receive();
    assert.ok(message !== undefined, `no ${type} has come`);
    if (message.type === type) return message as Message<T>;
  }
}

/** A hub with a small quota, and one stranger with one key. */
class Scene implements AsyncDisposable {
  readonly #dir: TempDir;
  readonly #events: HubServerEvent[];
  readonly #keys: IdentityKeys;
  #server: HubServer;

  static async open(options: Partial<HubServerOptions> = {}): Promise<Scene> {
    const dir = await TempDir.make();
    const { server, events } = await openServer(dir, { quotaBytes: QUOTA, ...options });
    return new Scene(dir, { server, events, keys: await identityKeys() });
  }

  private constructor(
    dir: TempDir,
    { server, events, keys }: { server: HubServer; events: HubServerEvent[]; keys: IdentityKeys },
  ) {
    this.#dir = dir;
    this.#server = server;
    this.#events = events;
    this.#keys = keys;
  }

  /** The events of a type that the hub has told since it was opened. */
  told<T extends HubServerEvent["type"]>(type: T) {
    return this.#events.filter((event): event is HubServerEvent & { type: T } =>
      event.type === type
    );
  }

  /** A session of the stranger. */
  connect(name = "mallory"): Promise<RawPeer> {
    return RawPeer.connect(this.#server.address.port, { name, keyPair: this.#keys });
  }

  /** Joins under so many names, and leaves; gives the names. */
  async joinAs(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `name ${i}`);
    for (const name of names) {
      using peer = await this.connect(name);
      await peer.send({ type: "join", exchange: 1 });
      await until(peer, "joined");
    }
    return names;
  }

  get port(): number {
    return this.#server.address.port;
  }

  /** Gives a folder and what is in it a time of last change of long ago. */
  async makeOld(folder: string): Promise<void> {
    for (const name of ["", ...this.names(folder)]) {
      await Deno.utime(join(this.#dir.join(folder), name), 0, 0);
    }
  }

  async restart(): Promise<void> {
    await this.#server.close();
    ({ server: this.#server } = await openServer(this.#dir, { quotaBytes: QUOTA }));
  }

  names(folder: string): string[] {
    return [...Deno.readDirSync(this.#dir.join(folder))].map(({ name }) => name);
  }

  /** Bytes on the disk, as the book counts them. */
  bytesIn(folder: string): number {
    const pathOf = (name: string) => join(folder, name);
    const entries = [...Deno.readDirSync(this.#dir.join(folder))];
    return entries.reduce(
      (sum, { name, isDirectory }) =>
        sum + FILE_BYTES +
        (isDirectory
          ? this.bytesIn(pathOf(name))
          : Deno.statSync(this.#dir.join(pathOf(name))).size),
      0,
    );
  }

  async [Symbol.asyncDispose]() {
    await this.#server.close();
    await this.#dir[Symbol.asyncDispose]();
  }
}
