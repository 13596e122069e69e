import assert from "node:assert/strict";
import { framed } from "../../helpers/chunks.ts";
import { Intake, type IntakeOptions } from "../../../src/hub/relay/intake.ts";
import { NameRegistry } from "../../../src/hub/name_registry.ts";
import { type Member, Roster } from "../../../src/hub/roster.ts";
import type { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import { fakeKeys } from "../../helpers/fake_keys.ts";
import { SALT } from "../spool/spooled.ts";
import { expected, RelayScene } from "./relay_scene.ts";

const ID = "1".padStart(32, "0");

Deno.test("Intake answers each envelope: joined, away, refused by a rule, or unknown with a guess", async () => {
  await using scene = await IntakeScene.open({
    people: ["bob", "cy", "di"],
    refuses: (_, { to }) => Promise.resolve(to === "di" ? "not to di" : undefined),
  });
  scene.enter("bob");
  const { sender, routed } = await scene.send(["bob", "cy", "di", "bo"]);
  assert.deepEqual(routed.map(({ to, state, reason }) => [to, state, reason]), [
    ["bob", "joined", ""],
    ["cy", "away", ""],
    ["di", "refused", "not to di"],
    ["bo", "refused", 'nobody named "bo" has joined here: did you mean "bob"?'],
  ]);
  await expected(sender, "accept");
  const names = scene.transfer()!.relay.recipients.map(({ name }) => name);
  assert.deepEqual(names, ["bob", "cy"]);
});

Deno.test("Intake refuses what is for nobody known, for others than it was begun for, and what does not fit", async () => {
  await using scene = await IntakeScene.open({ people: ["bob", "cy"], quotaBytes: 100_000 });
  const refusal = async (to: string[], size = 10) => {
    const { sender } = await scene.send(to, size);
    return (await expected(sender, "refuse")).code;
  };
  assert.equal(await refusal(["eve"]), "person");
  assert.equal(await refusal(["bob"], 100_001), "quota");
  await expected((await scene.send(["bob"])).sender, "accept");
  assert.equal(await refusal(["bob", "cy"]), "declined");
});

Deno.test("Intake calls the couriers of who is here when content comes, and reports who is away when it is stored", async () => {
  await using scene = await IntakeScene.open({ people: ["bob", "cy"] });
  scene.enter("bob");
  const { sender } = await scene.send(["bob", "cy"]);
  await expected(sender, "accept");
  assert.deepEqual(scene.called, ["bob"]);
  await bring(sender);
  await expected(sender, "stored");
  assert.deepEqual(scene.stored, ["cy"]);
  await sender.send({ type: "settled" });
  const { sender: again } = await scene.send(["bob", "cy"]);
  await expected(again, "stored");
  assert.deepEqual(scene.stored, ["cy"], "it was reported twice");
});

Deno.test("Intake has the last of one sender's visits bring the content", async () => {
  await using scene = await IntakeScene.open({ people: ["bob"] });
  const { sender: first } = await scene.send(["bob"]);
  await expected(first, "accept");
  const { sender: second } = await scene.send(["bob"]);
  assert.equal((await expected(first, "cancel")).code, "busy");
  await expected(second, "accept");
  await bring(second);
  await expected(second, "stored");
});

Deno.test("Intake.tellAway goes to the senders that wait for that person, or for that one transfer", async () => {
  await using scene = await IntakeScene.open({ people: ["bob", "cy"] });
  const { sender: toBob } = await scene.send(["bob"], 10, 1);
  await expected(toBob, "accept");
  const { sender: toBoth } = await scene.send(["bob", "cy"], 10, 2);
  await expected(toBoth, "accept");
  const told = async (sender: Exchange) => (await expected(sender, "routed")).to;
  scene.intake.tellAway("cy");
  assert.equal(await told(toBoth), "cy");
  scene.intake.tellAway("bob", scene.transfer(1));
  assert.equal(await told(toBob), "bob");
  scene.intake.tellAway("bob");
  assert.deepEqual([await told(toBob), await told(toBoth)], ["bob", "bob"]);
});

Deno.test("Intake fails where something else than an envelope comes, and for two of one person", async () => {
  await using scene = await IntakeScene.open({ people: ["bob"] });
  const begun = await scene.open(1);
  await begun.sender.send({ type: "settled" });
  await assert.rejects(begun.over, { message: '"settled" instead of an envelope' });
  const twice = await scene.open(2);
  for (const to of ["bob", "BOB"]) await twice.sender.send({ type: "envelope", to, sealed: "x" });
  await assert.rejects(twice.over, { message: 'two envelopes for "bob"' });
});

async function bring(sender: Exchange): Promise<void> {
  await sender.send({ type: "begin", offset: 0, salt: SALT });
  const writer = sender.writable.getWriter();
  await writer.write(framed(26));
  await writer.close();
}

/** An intake, and ana, who sends. */
class IntakeScene implements AsyncDisposable {
  readonly intake: Intake;
  /** Names of the people whose courier was called, and of those that were reported as away. */
  readonly called: string[] = [];
  readonly stored: string[] = [];
  readonly #scene: RelayScene;
  readonly #people: NameRegistry;
  readonly #roster = new Roster();
  readonly #from = { name: "ana", key: fakeKeys("ana").id, keys: fakeKeys("ana") };
  readonly #running: Promise<unknown>[] = [];

  static async open(
    { people, quotaBytes = Infinity, refuses }: {
      people: string[];
      quotaBytes?: number;
      refuses?: IntakeOptions["refuses"];
    },
  ): Promise<IntakeScene> {
    const scene = await RelayScene.open({ quotaBytes });
    const registry = await NameRegistry.open(scene.home);
    for (const name of people) await registry.claim(name, fakeKeys(name));
    return new IntakeScene(scene, registry, refuses);
  }

  private constructor(
    scene: RelayScene,
    people: NameRegistry,
    refuses: IntakeOptions["refuses"],
  ) {
    this.#scene = scene;
    this.#people = people;
    this.intake = new Intake({
      ...{ people, refuses, spool: scene.spool.spool, roster: this.#roster },
      onStored: (_, to) => this.stored.push(to),
    });
  }

  /** A person comes, with a courier that only notes that it was called. */
  enter(name: string): void {
    const courier = { take: () => this.called.push(name) } as unknown as Member["courier"];
    const member = { person: this.#people.find(name)!, courier, since: 0 };
    this.#roster.add(member as unknown as Member);
  }

  /** The transfer of ana. */
  transfer(number = 1): SpooledTransfer | undefined {
    const [one] = this.#scene.spool.spool.waitingFor(this.#people.find("bob")!)
      .filter(({ relay }) => relay.transfer === idOf(number));
    return one;
  }

  /** Opens a relay for two, up to the first envelope. */
  async open(number: number) {
    const opening = {
      type: "relay" as const,
      transfer: idOf(number),
      size: 10,
      receivers: 2,
      ahead: false,
    };
    const { atPeer: sender, atHub } = await this.#scene.relay(opening);
    return { sender, over: this.#take(atHub, { ...opening, exchange: atHub.number }) };
  }

  /** Sends an envelope to each; gives the answers. */
  async send(to: string[], size = 10, number = 1) {
    const opening = {
      type: "relay" as const,
      transfer: idOf(number),
      size,
      receivers: to.length,
      ahead: false,
    };
    const { atPeer: sender, atHub } = await this.#scene.relay(opening);
    this.#take(atHub, { ...opening, exchange: atHub.number });
    const routed = [];
    for (const name of to) {
      await sender.send({ type: "envelope", to: name, sealed: `for ${name}` });
      routed.push(await expected(sender, "routed"));
    }
    return { sender, routed };
  }

  #take(exchange: Exchange, opening: Parameters<Intake["take"]>[1]["opening"]): Promise<void> {
    const over = this.intake.take(exchange, { opening, from: this.#from });
    this.#running.push(over.catch(() => {})); // Awaited by the test, or ended with the session.
    return over;
  }

  async [Symbol.asyncDispose]() {
    this.#scene.hub.abort();
    await Promise.all(this.#running);
    await this.#scene[Symbol.asyncDispose]();
  }
}

function idOf(number: number): string {
  return number.toString(16).padStart(ID.length, "0");
}
