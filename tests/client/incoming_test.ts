import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { ClientEvent } from "../../src/client/client_event.ts";
import { Deliveries } from "../../src/client/incoming.ts";
import { textItem } from "../../src/client/items.ts";
import { sendBatch } from "../../src/client/send_batch.ts";
import { AnsweredTransfers } from "../../src/home/answered.ts";
import { addPerson, knownPeople } from "../../src/home/known_people.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { openReceiver } from "../../src/transfer/open_receiver.ts";
import { openAnswer } from "../../src/transfer/answer.ts";
import { bring, SealedFile } from "../e2e/lying_hub.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { openServer } from "../helpers/hub_server.ts";
import { Events, Member, ofType } from "../helpers/member.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { TempDir } from "../helpers/temp_dir.ts";

Deno.test("Deliveries refuses an envelope that is not for it as corrupt, and tells who brought it", async () => {
  await using dir = await TempDir.make();
  const events = new Events<ClientEvent>();
  const address = { host: "127.0.0.1", port: 1 };
  const client = clientIn(dir, { address, onEvent: events.add });
  const receiver = await openReceiver(
    { dir: dir.join("received"), onConflict: "rename", allowHidden: false },
    { report: () => assert.fail("nothing is offered") },
  );
  const answered = await AnsweredTransfers.open(dir.path);
  const deliveries = new Deliveries(client, { receiver, answered, onlyKnown: false });
  await using pair = await SessionPair.open({
    onOpenInitiator: (exchange, opening) => {
      if (opening.type === "delivery") deliveries.take(exchange, opening, "hub");
    },
  });
  const exchange = pair.acceptor.open();
  const transferId = "a".repeat(32);
  const sealed = randomBytes(2_000).toString("base64url");
  await exchange.send({
    type: "delivery",
    transfer: transferId,
    from: "ana",
    sealed,
    size: 1,
    ahead: false,
  });
  assert.deepEqual(await exchange.receive(), {
    ...{ type: "answer", exchange: 2, code: "corrupt", sealed: null },
  });
  const { reason, ...refused } = await events.find(ofType("refused"));
  assert.deepEqual(refused, { type: "refused", transferId, from: "ana" });
  assert.notEqual(reason, "");
  exchange.end();
});

Deno.test("Deliveries takes from known people alone where that is wanted, and the sender is told why not", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  const { server } = await openServer(dir);
  await using bob = await Member.join(server.address, { name: "bob", onlyKnown: true });
  const ana = clientIn(home, { address: server.address, name: "ana" });
  const how = { people: { names: ["bob"], all: false }, giveUpMs: 0, signal: forever() };

  assert.equal((await sendBatch(ana, [textItem("one")], how)).worst, "refused");
  const refused = await bob.events.find(ofType("refused"));
  assert.deepEqual([refused.from, refused.reason], ["ana", "only known people are accepted"]);
  assert.deepEqual(await knownPeople(bob.client.home), [], "who is refused is not remembered");

  const { id: key } = ana.identity.keyPair;
  await addPerson(bob.client.home, { name: "ana", key, via: "hand" });
  assert.equal((await sendBatch(ana, [textItem("two")], how)).delivered, 1);
  await server.close();
});

const DAY_MS = 86_400_000;

/** Days that have passed since a file was sent, and how it is answered when it comes (again) then. */
const LATER: [days: number, sent: "before" | "new", answer: string | RegExp][] = [
  [179, "new", "delivered"],
  [180.5, "before", "delivered"],
  [182, "before", /^it was sent 2026-01-01 .*, over 180 days ago$/],
  [182, "new", /^it was sent 2026-01-01 .*, over 180 days ago$/],
  [-0.9, "new", "delivered"],
  [-1.1, "new", /^one clock is wrong: it was sent 2026-01-01 .* by the hub's clock, /],
];

Deno.test("Deliveries takes nothing a second time, however late a hub brings it again, nor from a clock that is ahead", async () => {
  const created = Date.UTC(2026, 0, 1, 12);
  for (const [days, sent, expected] of LATER) {
    await using scene = await ReceiverWithClock.open();
    const file = new SealedFile(ANA, { name: "v1.txt", content: new Uint8Array([1]), created });
    if (sent === "before") assert.equal(await scene.bring(file, created), "delivered");
    const answer = await scene.bring(file, created + days * DAY_MS);
    const what = `${sent}, ${days} days later: ${answer}`;
    if (typeof expected === "string") assert.equal(answer, expected, what);
    else assert.match(answer, expected, what);
    const isThere = sent === "before" || expected === "delivered";
    assert.deepEqual(scene.names(), isThere ? ["v1.txt"] : [], what);
  }
});

const ANA = await identityKeys();

/** Somebody to whom a hub may bring files at any time of any day. */
class ReceiverWithClock implements AsyncDisposable {
  readonly #dir: TempDir;

  static async open(): Promise<ReceiverWithClock> {
    return new ReceiverWithClock(await TempDir.make());
  }

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  /** Brings a file to a program that is started at `now`; gives its code, or the reason of a no. */
  async bring(file: SealedFile, now: number): Promise<string> {
    const client = clientIn(this.#dir, { address: { host: "127.0.0.1", port: 1 } });
    const receiver = await openReceiver(
      { dir: this.#dir.join("received"), onConflict: "rename", allowHidden: false },
      { report: () => {} },
    );
    const answered = await AnsweredTransfers.open(this.#dir.path, () => now);
    const how = { receiver, answered, onlyKnown: false, now: () => now };
    const deliveries = new Deliveries(client, how);
    await using pair = await SessionPair.open({
      onOpenInitiator: (exchange, opening) => {
        if (opening.type === "delivery") deliveries.take(exchange, opening, "hub");
      },
    });
    const { keyPair: keys } = client.identity;
    const peer = { keys, key: keys.id, name: client.name };
    const answer = await bring({ peer, session: pair.acceptor }, file);
    assert.equal(answer.type, "answer");
    const about = { transfer: file.transfer, keyPair: ANA, key: keys.id };
    const { reason } = await openAnswer(answer as Message<"answer">, about);
    await receiver.idle();
    return reason ?? (answer as Message<"answer">).code;
  }

  /** The names of what was received. */
  names(): string[] {
    const names = [...Deno.readDirSync(this.#dir.join("received"))].map(({ name }) => name);
    return names.filter((name) => name !== ".p2p-partial");
  }

  async [Symbol.asyncDispose]() {
    await this.#dir[Symbol.asyncDispose]();
  }
}
