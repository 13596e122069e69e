import assert from "node:assert/strict";
import { FailureLimit } from "../../src/hub/failure_limit.ts";
import { Nameplates, type NameplatesOptions } from "../../src/hub/nameplates.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message } from "../../src/protocol/messages.ts";
import type { Session } from "../../src/protocol/session.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { fullOr } from "../helpers/full_or.ts";

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

Deno.test("Nameplates gives a nameplate to one of two who race, and the other is told no", async () => {
  await using hub = await TestHub.open({ times: { ...times, noMs: 300 } });
  for (let round = 0; round < fullOr(5, 2); round++) {
    const { creator, nameplate } = await hub.create();
    const claimants = await Promise.all([hub.claim(nameplate), hub.claim(nameplate)]);
    const openings = await Promise.all(claimants.map(bodyOf));
    assert.equal(openings.filter((opening) => opening === OPENING).length, 1);
    const winner = openings.indexOf(OPENING);
    await Promise.all(
      claimants.map((claimant, i) => say(claimant, i === winner ? "first" : "late")),
    );
    assert.equal(await bodyOf(creator), "first");
    await say(creator, "answer");
    assert.equal(await bodyOf(claimants[winner]!), "answer");
    assert.equal(reasonOf(await claimants[1 - winner]!.receive()), NO);
    creator.end();
  }
});

const CLAIMS = fullOr(1_000, 100);

Deno.test(`${CLAIMS} claims of one nameplate reach its creator once, and all of them are told no alike`, async () => {
  await using hub = await TestHub.open({ times });
  const { creator, nameplate } = await hub.create();
  const { initiator } = await hub.connect();
  const answers: Message[] = [];
  for (let i = 0; i < CLAIMS; i += 10) {
    const claimants = await Promise.all(
      Array.from({ length: 10 }, () => hub.claim(nameplate, initiator)),
    );
    await Promise.all(claimants.map(async (claimant) => {
      const opening = await bodyOf(claimant);
      assert.equal(opening?.length, OPENING.length);
      await say(claimant, "guess");
      if (opening === OPENING) {
        assert.equal(await bodyOf(creator), "guess");
        await creator.send({ type: "cancel", code: "declined", reason: "" });
      }
      answers.push(await claimant.receive());
      claimant.end();
    }));
  }
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

Deno.test("a claim without a proof burns the nameplate, and the creator is told", async () => {
  await using hub = await TestHub.open({ times });
  const { creator, nameplate } = await hub.create();
  const claimant = await hub.claim(nameplate);
  await bodyOf(claimant);
  await claimant.send({ type: "settled" });
  assert.match(reasonOf(await creator.receive())!, /used up/);
  assert.equal(reasonOf(await claimant.receive()), NO);
  assert.notEqual(await bodyOf(await hub.claim(nameplate)), OPENING);
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

Deno.test("Nameplates gives 16 to one network, and short numbers while few are out", async () => {
  await using hub = await TestHub.open({ times });
  const out = [];
  for (let i = 0; i < 16; i++) out.push((await hub.create()).nameplate);
  assert.equal(new Set(out).size, 16);
  assert.ok(Math.max(...out.slice(0, 5)) < 10 && Math.max(...out) < 100);
  const { initiator } = await hub.connect();
  const exchange = initiator.open();
  await exchange.send({ type: "nameplate" });
  assert.match(reasonOf(await exchange.receive())!, /too many codes/);
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
  const late = await hub.claim(nameplate);
  assert.match(reasonOf(await late.receive())!, /too many wrong codes .* again in 60 s/);
  creator.end();
});

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
          ? this.#nameplates.offer(exchange, "10.0.0.1")
          : opening.type === "claim"
          ? this.#nameplates.claim(exchange, { ...opening, address: "10.0.0.1" })
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
