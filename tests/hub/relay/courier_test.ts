import assert from "node:assert/strict";
import { Courier } from "../../../src/hub/relay/courier.ts";
import type { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { KEYS } from "../spool/spooled.ts";
import { expected, type Opened, RelayScene } from "./relay_scene.ts";

Deno.test("Courier brings eight of one sender at once, in their order, and those of another beside them", async () => {
  await using scene = await CourierScene.open();
  const ofAna: SpooledTransfer[] = [];
  for (let i = 1; i <= 9; i++) ofAna.push(await scene.store(i, { from: "ana" }));
  const other = await scene.store(10, { from: "cy" });
  for (const transfer of [...ofAna, other]) scene.courier.take(transfer);
  const begun: Opened[] = [];
  for (let i = 0; i < 9; i++) begun.push(await scene.delivery());
  const due = [...ofAna.slice(0, 8), other].map(({ relay }) => relay.transfer);
  assert.deepEqual(begun.map(idOf), due);
  await answer(begun[0]!);
  const next = await scene.delivery();
  assert.equal(idOf(next), ofAna[8]!.relay.transfer);
  for (const opened of [...begun.slice(1), next]) await answer(opened);
  for (const transfer of [...ofAna, other]) assert.equal(transfer.stateOf("bob"), "delivered");
});

Deno.test("Courier brings once what it is given twice, and nothing that was cut off before it came", async () => {
  await using scene = await CourierScene.open();
  const cut = await scene.spool.admit(1, { from: "cy" });
  await cut.upload.pause();
  const transfer = await scene.store(2, { from: "cy" });
  for (const one of [cut, transfer, transfer]) scene.courier.take(one);
  const opened = await scene.delivery();
  assert.equal(idOf(opened), transfer.relay.transfer);
  await answer(opened);
  await scene.courier.end();
  assert.equal(cut.stateOf("bob"), "interrupted");
});

Deno.test("Courier comes as soon as the first chunk is here", async () => {
  await using scene = await CourierScene.open();
  const transfer = await scene.spool.admit(1);
  scene.courier.take(transfer);
  await scene.fill(transfer);
  await answer(await scene.delivery());
  assert.equal(transfer.stateOf("bob"), "delivered");
});

Deno.test("Courier.end leaves in the spool what was not delivered", async () => {
  await using scene = await CourierScene.open();
  const transfer = await scene.store(1);
  scene.courier.take(transfer);
  await scene.delivery();
  assert.equal(transfer.stateOf("bob"), "running");
  scene.peer.abort(); // A courier ends with its session.
  await scene.courier.end();
  assert.equal(transfer.stateOf("bob"), "waiting");
});

Deno.test("Courier reports a disk that fails, and keeps the transfer", async () => {
  await using scene = await CourierScene.open();
  const transfer = await scene.store(1);
  await Deno.remove(scene.content);
  await Deno.mkdir(scene.content); // It can be opened, and not be read.
  scene.courier.take(transfer);
  const { exchange } = await scene.delivery();
  await exchange.accept({ offset: 0, digest: null });
  assert.equal(await scene.delayed, transfer);
  assert.equal(scene.errors.length, 1);
  await scene.courier.end();
  assert.equal(transfer.stateOf("bob"), "waiting");
});

Deno.test("Courier ends the session of a recipient that breaks the protocol", async () => {
  await using scene = await CourierScene.open();
  scene.courier.take(await scene.store(1));
  const { exchange } = await scene.delivery();
  await exchange.accept({ offset: 1, digest: "0".repeat(64) });
  await assert.rejects(scene.peer.closed, { message: /1 is not at a chunk/ });
});

/** Takes a delivery as delivered. */
async function answer({ exchange }: Opened): Promise<void> {
  await exchange.send({ type: "answer", code: "delivered", sealed: "receipt" });
  await expected(exchange, "settled");
  exchange.end();
}

function idOf({ opening }: Opened): string {
  assert.equal(opening.type, "delivery");
  return (opening as { transfer: string }).transfer;
}

/** A courier that serves bob. */
class CourierScene implements AsyncDisposable {
  readonly courier: Courier;
  readonly errors: Error[] = [];
  /** Resolves with the first transfer that bob cannot take now. */
  readonly delayed: Promise<SpooledTransfer>;
  readonly #scene: RelayScene;

  static async open(): Promise<CourierScene> {
    return new CourierScene(await RelayScene.open());
  }

  private constructor(scene: RelayScene) {
    this.#scene = scene;
    const delayed = Promise.withResolvers<SpooledTransfer>();
    this.delayed = delayed.promise;
    this.courier = new Courier({
      person: { name: "bob", key: KEYS.bob, keys: "", since: 0, seen: 0 },
      session: scene.hub,
      spool: scene.spool.spool,
      onDelay: delayed.resolve,
      onError: (error) => this.errors.push(error),
    });
  }

  get spool() {
    return this.#scene.spool;
  }

  get peer() {
    return this.#scene.peer;
  }

  get content() {
    return this.#scene.content;
  }

  delivery(): Promise<Opened> {
    return this.#scene.delivery();
  }

  store(...args: Parameters<RelayScene["spool"]["store"]>): Promise<SpooledTransfer> {
    return this.spool.store(...args);
  }

  fill(transfer: SpooledTransfer): Promise<void> {
    return this.spool.fill(transfer);
  }

  async [Symbol.asyncDispose]() {
    this.#scene.hub.abort();
    await this.courier.end();
    await this.#scene[Symbol.asyncDispose]();
  }
}
