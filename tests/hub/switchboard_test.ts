import assert from "node:assert/strict";
import { encodeKey } from "../../src/secure/static_key.ts";
import type { HubEvent } from "../../src/hub/hub_event.ts";
import { Book } from "../../src/storage/book/book.ts";
import type { Peer } from "../../src/hub/hub.ts";
import { NameRegistry } from "../../src/hub/name_registry.ts";
import { outcomeEvent } from "../../src/hub/hub_event.ts";
import { Spool } from "../../src/hub/spool/spool.ts";
import { Switchboard } from "../../src/hub/switchboard.ts";
import { framed } from "../helpers/chunks.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message, MessageType } from "../../src/protocol/messages.ts";
import type { Session } from "../../src/protocol/session.ts";
import { TAG_BYTES } from "../../src/secure/aead.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import type { PublicKeys } from "../../src/secure/identity_keys.ts";
import { fakeKeys } from "../helpers/fake_keys.ts";
import { eventually } from "../helpers/eventually.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { SALT } from "./spool/spooled.ts";
import { fullOr } from "../helpers/full_or.ts";

const idOf = (number: number) => number.toString(16).padStart(32, "0");

Deno.test("Switchboard lets nobody join, send or look under a name that became somebody else's", async () => {
  await using scene = await Scene.open();
  // Both came while the name was free.
  const bob = await scene.connect("bob");
  const eve = await scene.connect("Bob", { keys: fakeKeys("eve") });
  const joined = bob.open();
  await joined.send({ type: "join", keep: true });
  await expected(joined, "joined");
  for (
    const opening of [
      { type: "join", keep: true },
      { type: "list" },
      { type: "status" },
      { type: "relay", transfer: idOf(1), size: 1, receivers: 1, ahead: false },
    ] as const
  ) {
    const exchange = eve.open();
    await exchange.send(opening);
    const { code, reason } = await expected(exchange, "refuse");
    assert.equal(code, "person");
    assert.match(reason, /belongs to somebody else here/);
  }
  assert.deepEqual(scene.events.map(({ event }) => event), ["joined"], "bob was replaced");
});

Deno.test("Switchboard ends a session that joins twice, or names one receiver twice", async () => {
  await using scene = await Scene.open();
  await scene.join("bob");
  const twice = await scene.connect("ana");
  for (let i = 0; i < 2; i++) await twice.open().send({ type: "join", keep: true });
  await assert.rejects(twice.closed, { message: /joined already/ });
  const doubled = await scene.connect("ana");
  const exchange = doubled.open();
  await exchange.send({ type: "relay", transfer: idOf(1), size: 1, receivers: 2, ahead: false });
  await exchange.send({ type: "envelope", to: "bob", sealed: "x" });
  await exchange.send({ type: "envelope", to: "BOB", sealed: "x" });
  await assert.rejects(doubled.closed, { message: /two envelopes for "bob"/ });
});

const MANY = fullOr(1_000, 60);

Deno.test(`Switchboard names ${MANY} people to one who asks`, async () => {
  await using scene = await Scene.open();
  for (let i = 0; i < MANY; i++) {
    await scene.people.claim(`person ${i}`, fakeKeys(`person ${i}`));
  }
  const session = await scene.connect("ana");
  const exchange = session.open();
  await exchange.send({ type: "list" });
  for (let i = 0; i < MANY; i++) await expected(exchange, "person");
  await expected(exchange, "listed");
});

Deno.test("Intake gives an upload to the session that comes last, and tells the earlier ones", async () => {
  await using scene = await Scene.open();
  const uploads: Exchange[] = [];
  await scene.people.claim("bob", fakeKeys("bob"));
  for (let i = 0; i < 3; i++) {
    const exchange = await scene.relay(await scene.connect("ana"), { to: ["bob"], size: 10 });
    await expected(exchange, "accept");
    uploads.push(exchange);
    if (i === 0) await begin(exchange);
  }
  for (const earlier of uploads.slice(0, 2)) {
    assert.equal((await expected(earlier, "cancel")).code, "busy");
  }
  const last = uploads[2]!;
  await begin(last);
  await write(last, [10]);
  await expected(last, "stored");
  await last.send({ type: "settled" });
});

Deno.test("Intake takes no other receivers for a transfer that was begun", async () => {
  await using scene = await Scene.open();
  for (const name of ["bob", "cy"]) await scene.people.claim(name, fakeKeys(name));
  const session = await scene.connect("ana");
  await expected(await scene.relay(session, { to: ["bob"] }), "accept");
  const other = await scene.relay(await scene.connect("ana"), { to: ["bob", "cy"] });
  assert.equal((await expected(other, "refuse")).code, "declined");
  // An id is its sender's own: the same one of somebody else is another transfer.
  await expected(await scene.relay(await scene.connect("di"), { to: ["cy"] }), "accept");
});

Deno.test("Intake stops a sender as soon as nobody wants it, and keeps nothing", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  const exchange = await scene.relay(await scene.connect("ana"), { to: ["bob"], size: 5e6 });
  await expected(exchange, "accept");
  await begin(exchange);
  const writer = exchange.writable.getWriter();
  await writer.write(framed(SEALED_CHUNK_BYTES));
  const delivery = await bob.delivery();
  await delivery.send({ type: "answer", code: "kind", sealed: "no" });
  await expected(delivery, "settled");
  assert.deepEqual(await expected(exchange, "outcome"), {
    ...{ type: "outcome", exchange: exchange.number, to: "bob", code: "kind", sealed: "no" },
  });
  await exchange.send({ type: "settled" });
  await eventually(() => assert.equal(scene.find("ana")!.upload.isComing, false));
  assert.ok(scene.find("ana")!.isConcluded);
  await eventually(() => assert.deepEqual(scene.contents(), []));
  writer.abort().catch(() => {});
});

Deno.test("Intake takes a sender's `changed` for the end of it, and `interrupted` for a pause", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  const session = await scene.connect("ana");
  for (const [number, code] of [[1, "changed"], [2, "interrupted"]] as const) {
    const exchange = await scene.relay(session, { number, to: ["bob"], size: 5e6 });
    await expected(exchange, "accept");
    await begin(exchange);
    await exchange.writable.getWriter().write(framed(SEALED_CHUNK_BYTES));
    const delivery = await bob.delivery();
    await delivery.exchange.accept({ offset: 0, digest: null });
    await expected(delivery, "run");
    await exchange.send({ type: "cancel", code, reason: "" });
    assert.equal((await expected(delivery, "cancel")).code, code);
    await eventually(() => {
      const state = scene.find("ana", number)!.stateOf("bob");
      assert.equal(state, code);
    });
    exchange.end();
  }
});

Deno.test("Courier goes on past a transfer whose sender was cut off, also where the receiver has more of it", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  const cut = await scene.connect("ana");
  const first = await scene.relay(cut, { number: 1, to: ["bob"], size: 1e9 });
  await expected(first, "accept");
  await begin(first);
  await first.writable.getWriter().write(framed(SEALED_CHUNK_BYTES));
  const delivery = await bob.delivery();
  // From an attempt before the hub was killed: the hub waits for the sender to get there.
  await delivery.exchange.accept({ offset: 64 * 262_144, digest: "0".repeat(64) });
  const second = await scene.relay(await scene.connect("ana"), {
    number: 2,
    to: ["bob"],
    size: 10,
  });
  await expected(second, "accept");
  await begin(second);
  await write(second, [10]);
  await expected(second, "stored");
  cut.abort();
  assert.equal((await expected(delivery, "cancel")).code, "interrupted");
  const next = await bob.delivery();
  assert.equal(next.opening.transfer, idOf(2));
});

Deno.test("Courier brings all of it anew where only the end is missing", async () => {
  await using scene = await Scene.open();
  await scene.people.claim("bob", fakeKeys("bob"));
  const exchange = await scene.relay(await scene.connect("ana"), { to: ["bob"], size: null });
  await expected(exchange, "accept");
  await begin(exchange);
  await write(exchange, new Array(32).fill(SEALED_CHUNK_BYTES));
  await expected(exchange, "stored");
  const bob = await scene.join("bob");
  const delivery = await bob.delivery();
  await delivery.exchange.accept({ offset: 32 * 262_144, digest: "0".repeat(64) });
  assert.equal((await expected(delivery, "run")).offset, 0);
});

Deno.test("Courier ends the session of a receiver that asks for a place between chunks", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  const exchange = await scene.relay(await scene.connect("ana"), { to: ["bob"], size: 10 });
  await expected(exchange, "accept");
  await begin(exchange);
  await write(exchange, [10]);
  const delivery = await bob.delivery();
  await delivery.exchange.accept({ offset: 1, digest: "0".repeat(64) });
  await assert.rejects(bob.session.closed, { message: /1 is not at a chunk/ });
  assert.equal((await first(exchange, "routed")).state, "away");
});

Deno.test("Courier asks again a receiver that cannot take it now, and says so to the sender", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  const exchange = await scene.relay(await scene.connect("ana"), { to: ["bob"], size: 10 });
  await expected(exchange, "accept");
  await begin(exchange);
  await write(exchange, [10]);
  const full = await bob.delivery();
  await full.send({ type: "cancel", code: "space", reason: "" });
  assert.equal((await first(exchange, "routed")).state, "away");
  const again = await bob.delivery();
  await again.send({ type: "answer", code: "delivered", sealed: "receipt" });
  assert.equal((await first(exchange, "outcome")).code, "delivered");
});

Deno.test("Courier serves many senders without more exchanges than a session takes", async () => {
  await using scene = await Scene.open();
  const bob = await scene.join("bob");
  for (let i = 0; i < 20; i++) {
    const exchange = await scene.relay(await scene.connect(`sender ${i}`), { to: ["bob"] });
    await expected(exchange, "accept");
    await begin(exchange);
    await write(exchange, [10]);
    await expected(exchange, "stored");
  }
  for (let i = 0; i < 20; i++) {
    await eventually(() => assert.ok(bob.open > 0));
    assert.ok(bob.open <= 12, `${bob.open} deliveries at once`);
    const delivery = await bob.delivery();
    await delivery.send({ type: "answer", code: "delivered", sealed: "receipt" });
    await expected(delivery, "settled");
    delivery.exchange.end();
  }
  await eventually(() => {
    const delivered = scene.events.filter(({ event }) => event === "relayed");
    assert.equal(delivered.length, 20);
  });
});

async function begin(exchange: Exchange): Promise<void> {
  await exchange.send({ type: "begin", offset: 0, salt: SALT });
}

/** Sends sealed chunks of these lengths, all there are. */
async function write(exchange: Exchange, lengths: number[]): Promise<void> {
  const writer = exchange.writable.getWriter();
  for (const length of lengths) await writer.write(framed(Math.max(TAG_BYTES, length)));
  await writer.close();
}

/** The next message, which must be of that type. */
async function expected<T extends MessageType>(
  exchange: { receive(): Promise<Message> },
  type: T,
): Promise<Message<T>> {
  const message = await exchange.receive();
  assert.equal(message.type, type, JSON.stringify(message));
  return message as Message<T>;
}

/** The first message of that type; others may come before it. */
async function first<T extends MessageType>(exchange: Exchange, type: T): Promise<Message<T>> {
  let message = await exchange.receive();
  while (message.type !== type) message = await exchange.receive();
  return message as Message<T>;
}

/** Somebody who is joined, and the deliveries that come. */
class Member {
  readonly session: Session;
  readonly #deliveries: { exchange: Exchange; opening: Message<"delivery"> }[] = [];
  #wake = () => {};
  #answered = 0;
  #opened = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** Deliveries that have come, and whose answer has not left. */
  get open(): number {
    return this.#opened - this.#answered;
  }

  take(exchange: Exchange, opening: Message<"delivery">) {
    this.#opened++;
    this.#deliveries.push({ exchange, opening });
    this.#wake();
  }

  async delivery() {
    while (this.#deliveries.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const { exchange, opening } = this.#deliveries.shift()!;
    return {
      exchange,
      opening,
      receive: () => exchange.receive(),
      send: (message: Parameters<Exchange["send"]>[0]) => {
        if (message.type === "answer") this.#answered++;
        return exchange.send(message);
      },
    };
  }
}

/** A switchboard, and sessions with it over loopback. */
class Scene implements AsyncDisposable {
  readonly people: NameRegistry;
  readonly events: HubEvent[] = [];
  readonly troubles: Error[] = [];
  readonly #dir: TempDir;
  readonly #spool: Spool;
  readonly #switchboard: Switchboard;
  readonly #pairs: SessionPair[] = [];

  static async open(): Promise<Scene> {
    const dir = await TempDir.make();
    const events: HubEvent[] = [];
    const spool = await Spool.open(dir.path, {
      ...{ keepMs: 86_400_000, book: new Book() },
      onOutcome: (...args) => events.push(outcomeEvent(...args)),
    });
    return new Scene({ dir, spool, people: await NameRegistry.open(dir.path), events });
  }

  private constructor(
    { dir, spool, people, events }: {
      dir: TempDir;
      spool: Spool;
      people: NameRegistry;
      events: HubEvent[];
    },
  ) {
    this.#dir = dir;
    this.#spool = spool;
    this.people = people;
    this.events = events;
    this.#switchboard = new Switchboard({
      people,
      spool,
      book: new Book(),
      receive: () => {},
      report: (event) => this.events.push(event),
      onError: (error) => this.troubles.push(error),
    });
  }

  /** A session of somebody who has come in under a name. */
  async connect(name: string, { keys = fakeKeys(name), member }: {
    keys?: PublicKeys;
    member?: (session: Session) => Member;
  } = {}): Promise<Session> {
    const peer: Peer = { name, key: keys.id, keys };
    const taker: { joined?: Member | undefined } = {};
    const pair = await SessionPair.open({
      onOpen: (exchange, opening, session) =>
        this.#switchboard.open(peer, { exchange, opening, session }),
      onOpenInitiator: (exchange, opening) =>
        taker.joined!.take(exchange, opening as Message<"delivery">),
    });
    taker.joined = member?.(pair.initiator);
    this.#pairs.push(pair);
    return pair.initiator;
  }

  async join(name: string): Promise<Member> {
    let joined: Member;
    const session = await this.connect(name, {
      member: (session) => joined = new Member(session),
    });
    const exchange = session.open();
    await exchange.send({ type: "join", keep: true });
    await expected(exchange, "joined");
    return joined!;
  }

  /** Begins a relay, up to the hub's word on each receiver. */
  async relay(
    session: Session,
    { number = 1, to, size = 10 }: { number?: number; to: string[]; size?: number | null },
  ): Promise<Exchange> {
    const exchange = session.open();
    await exchange.send({
      type: "relay",
      transfer: idOf(number),
      size,
      receivers: to.length,
      ahead: false,
    });
    for (const name of to) {
      await exchange.send({ type: "envelope", to: name, sealed: `for ${name}` });
      await expected(exchange, "routed");
    }
    return exchange;
  }

  find(sender: string, number = 1) {
    return this.#spool.find(encodeKey(fakeKeys(sender).id), idOf(number));
  }

  /** Content that the spool holds. */
  contents(): string[] {
    const spool = this.#dir.join("spool");
    return [...Deno.readDirSync(spool)].flatMap(({ name }) =>
      [...Deno.readDirSync(`${spool}/${name}`)].map((file) => file.name)
    ).filter((name) => name === "content");
  }

  async [Symbol.asyncDispose]() {
    await Promise.all(this.#pairs.map((pair) => pair[Symbol.asyncDispose]()));
    await this.#switchboard.idle();
    await this.#spool.close();
    await this.#dir[Symbol.asyncDispose]();
    assert.deepEqual(this.troubles, []);
  }
}
