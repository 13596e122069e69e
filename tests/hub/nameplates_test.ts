import assert from "node:assert/strict";
import { FailureLimit } from "../../src/hub/failure_limit.ts";
import { Nameplates, type NameplatesOptions } from "../../src/hub/nameplates.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { Book, isNoRoom } from "../../src/storage/book/book.ts";
import type { Session } from "../../src/protocol/session.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { fullOr } from "../helpers/full_or.ts";

const KEY = "k".repeat(43);
const NETWORK = "10.0.0.1";
const ONE = { bytes: 0, files: 0, items: 1 };
const OPENING = "A".repeat(64);
const NO = "the code is wrong, used up or expired";
const times = { noMs: 20, stepMs: 2_000 };

Deno.test("Nameplates passes opening, proof, answer and last word on, and nothing between others", async () => {
  await using hub = await TestHub.open({ times });
  const { creator, nameplate } = await hub.create();
  const claimant = await hub.claim(nameplate);
  assert.equal(await bodyOf(claimant), OPENING);
  await say(claimant, "proof");
  assert.equal(await bodyOf(creator), "proof");
  await say(creator, "answer");
  assert.equal(await bodyOf(claimant), "answer");
  await say(claimant, "last");
  assert.equal(await bodyOf(creator), "last");
  await creator.send({ type: "settled" });
  assert.equal((await claimant.receive()).type, "settled");
});

Deno.test("of two who race for a nameplate the first proof gets it, and the other is told no", async () => {
  await using hub = await TestHub.open({ times: { ...times, noMs: 300 } });
  for (let round = 0; round < fullOr(5, 1); round++) {
    const { creator, nameplate } = await hub.create();
    const claimants = await Promise.all([hub.claim(nameplate), hub.claim(nameplate)]);
    assert.deepEqual(await Promise.all(claimants.map(bodyOf)), [OPENING, OPENING]);
    const winner = round % 2;
    await say(claimants[winner]!, "first");
    assert.equal(await bodyOf(creator), "first");
    await say(claimants[1 - winner]!, "late");
    await say(creator, "answer");
    assert.equal(await bodyOf(claimants[winner]!), "answer");
    assert.equal(reasonOf(await claimants[1 - winner]!.receive()), NO);
    creator.end();
  }
});

const CLAIMS = fullOr(1_000, 30);

Deno.test(`${CLAIMS} claims of one nameplate reach its creator once, and all of them are told no alike`, async () => {
  await using hub = await TestHub.open({ times });
  const { creator, nameplate } = await hub.create();
  const { initiator } = await hub.connect();
  const answers: Message[] = [];
  const heard = bodyOf(creator).then(async (guess) => {
    await creator.send({ type: "cancel", code: "declined", reason: "" });
    return guess;
  });
  for (let i = 0; i < CLAIMS; i += 10) {
    const claimants = await Promise.all(
      Array.from({ length: 10 }, () => hub.claim(nameplate, initiator)),
    );
    await Promise.all(claimants.map(async (claimant) => {
      assert.equal((await bodyOf(claimant))?.length, OPENING.length);
      await say(claimant, "guess");
      answers.push(await claimant.receive());
      claimant.end();
    }));
  }
  assert.equal(await heard, "guess");
  assert.equal(answers.length, CLAIMS);
  assert.deepEqual(new Set(answers.map(reasonOf)), new Set([NO]));
  await assert.rejects(Promise.race([creator.receive(), hub.idle().then(() => creator.receive())]));
});

Deno.test("a no takes its time for a wrong code, a silent creator, and a nameplate that is not there", async () => {
  await using hub = await TestHub.open({ times: { ...times, noMs: 100 } });
  const wrong = await hub.create();
  const silent = await hub.create();
  const taken = async (nameplate: number, creator?: Exchange) => {
    const claimant = await hub.claim(nameplate);
    await bodyOf(claimant);
    const since = performance.now();
    await say(claimant, "guess");
    if (creator) {
      await bodyOf(creator);
      await creator.send({ type: "cancel", code: "declined", reason: "" });
    }
    assert.equal(reasonOf(await claimant.receive()), NO);
    return performance.now() - since;
  };
  const all = await Promise.all([
    taken(wrong.nameplate, wrong.creator),
    taken(silent.nameplate),
    taken(999_999),
  ]);
  assert.ok(all.every((ms) => ms >= 99), `${all}`);
});

Deno.test("claims without a proof burn no nameplate and count for no failure, a proof does both", async () => {
  await using hub = await TestHub.open({ times, failures: new FailureLimit({ now: () => 0 }) });
  const { creator, nameplate } = await hub.create();
  for (let i = 0; i < 10; i++) {
    const claimant = await hub.claim(nameplate);
    assert.equal(await bodyOf(claimant), OPENING);
    await claimant.send({ type: "settled" });
    assert.equal(reasonOf(await claimant.receive()), NO);
  }
  await say(await claimed(hub, nameplate), "proof");
  assert.equal(await bodyOf(creator), "proof");
  assert.notEqual(await bodyOf(await hub.claim(nameplate)), OPENING);
});

Deno.test("a nameplate that is not there looks the same each time, as one that is there does", async () => {
  await using hub = await TestHub.open({ times });
  const asked = async (nameplate: number) => await bodyOf(await hub.claim(nameplate));
  assert.equal(await asked(999_999), await asked(999_999));
  assert.notEqual(await asked(999_999), await asked(999_998));
});

Deno.test("a claimant that goes after the answer is told to the creator, and so is one that goes later", async () => {
  for (const saysLast of [false, true]) {
    await using hub = await TestHub.open({ times });
    const { creator, nameplate } = await hub.create();
    await using own = await hub.connect();
    const claimant = own.initiator.open();
    await claimant.send({ type: "claim", nameplate });
    await bodyOf(claimant);
    await say(claimant, "proof");
    await bodyOf(creator);
    await say(creator, "answer");
    await bodyOf(claimant);
    if (saysLast) {
      await say(claimant, "last");
      await bodyOf(creator);
    }
    own.initiator.abort();
    const told = await creator.receive();
    assert.equal(told.type, saysLast ? "cancel" : "refuse");
  }
});

Deno.test("a nameplate that nobody claims is gone after its time", async () => {
  await using hub = await TestHub.open({ times: { ...times, lifetimeMs: 30 } });
  const { creator, nameplate } = await hub.create();
  assert.match(reasonOf(await creator.receive())!, /in time/);
  assert.notEqual(await bodyOf(await hub.claim(nameplate)), OPENING);
});

Deno.test("Nameplates gives 16 to one key, of three digits while few are out", async () => {
  await using hub = await TestHub.open({ times });
  const out = [];
  for (let i = 0; i < 16; i++) out.push((await hub.create()).nameplate);
  assert.equal(new Set(out).size, 16);
  assert.ok(out.every((nameplate) => nameplate >= 100 && nameplate <= 999), `${out}`);
  const { initiator } = await hub.connect();
  const exchange = initiator.open();
  await exchange.send({ type: "nameplate" });
  assert.match(
    reasonOf(await exchange.receive())!,
    /at most 16 codes of one sender .* 0 more .* again in some/,
  );
});

Deno.test("a nameplate is in the book from its request to its end, under its key and network", async () => {
  const book = new Book();
  await using hub = await TestHub.open({ times: { ...times, lifetimeMs: 30 }, book });
  const of = { key: KEY, network: NETWORK };
  const others = Array.from({ length: 15 }, () => book.restore("nameplate", of, { price: ONE }));
  const { creator } = await hub.create();
  for (const account of [{ key: KEY }, { network: NETWORK }]) {
    assert.ok(isNoRoom(book.book("nameplate", account, { price: ONE })), JSON.stringify(account));
  }
  assert.match(reasonOf(await creator.receive())!, /in time/);
  await hub.idle();
  assert.ok(!isNoRoom(book.book("nameplate", of, { price: ONE })));
  for (const other of others) other[Symbol.dispose]();
});

Deno.test("a network is let through five wrong claims a minute", async () => {
  await using hub = await TestHub.open({ times, failures: new FailureLimit({ now: () => 0 }) });
  for (let i = 0; i < 5; i++) {
    const claimant = await hub.claim(1_000 + i);
    await bodyOf(claimant);
    await say(claimant, "guess");
    assert.equal(reasonOf(await claimant.receive()), NO);
  }
  const { creator, nameplate } = await hub.create();
  const late = await claimed(hub, nameplate);
  await say(late, "proof");
  assert.match(reasonOf(await late.receive())!, /too many wrong codes .* again in 60 s/);
  creator.end();
});

/** A claim whose proof is due. */
async function claimed(hub: TestHub, nameplate: number): Promise<Exchange> {
  const claimant = await hub.claim(nameplate);
  assert.equal(await bodyOf(claimant), OPENING);
  return claimant;
}

/** Sessions with a hub that knows nameplates alone; without limits, where none are given. */
class TestHub implements AsyncDisposable {
  readonly #pairs: SessionPair[] = [];
  readonly #nameplates: Nameplates;
  readonly #running = new Set<Promise<void>>();

  static open(options: NameplatesOptions): Promise<TestHub> {
    return Promise.resolve(new TestHub(options));
  }

  private constructor({ failures = new NoLimit(), ...options }: NameplatesOptions) {
    this.#nameplates = new Nameplates({ ...options, failures });
  }

  async connect(): Promise<SessionPair> {
    const pair = await SessionPair.open({
      onOpen: (exchange, opening) => {
        const running = opening.type === "nameplate"
          ? this.#nameplates.offer(exchange, { key: KEY, network: NETWORK })
          : opening.type === "claim"
          ? this.#nameplates.claim(exchange, { ...opening, address: NETWORK })
          : Promise.resolve();
        this.#running.add(running.catch(() => {}).finally(() => exchange.end()));
      },
    });
    this.#pairs.push(pair);
    return pair;
  }

  async create(): Promise<{ creator: Exchange; nameplate: number }> {
    const { initiator } = await this.connect();
    const creator = initiator.open();
    await creator.send({ type: "nameplate" });
    const { nameplate } = await creator.receive() as Message<"allocated">;
    await say(creator, OPENING);
    return { creator, nameplate };
  }

  /** From a session of its own, where none is given. */
  async claim(nameplate: number, session?: Session): Promise<Exchange> {
    const exchange = (session ?? (await this.connect()).initiator).open();
    await exchange.send({ type: "claim", nameplate });
    return exchange;
  }

  async idle(): Promise<void> {
    for (const pair of this.#pairs) pair.initiator.abort();
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose]() {
    await this.idle();
    for (const pair of this.#pairs) await pair[Symbol.asyncDispose]();
  }
}

class NoLimit extends FailureLimit {
  override attempt(_address: string, run: () => Promise<boolean>): Promise<boolean> {
    return run();
  }
}

function say(exchange: Exchange, body: string): Promise<void> {
  return exchange.send({ type: "pair", body });
}

async function bodyOf(exchange: Exchange): Promise<string | undefined> {
  const message = await exchange.receive();
  return message.type === "pair" ? message.body : undefined;
}

function reasonOf(message: Message): string | undefined {
  return message.type === "refuse" ? message.reason : undefined;
}
