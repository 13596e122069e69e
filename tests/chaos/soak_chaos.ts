// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { Bound, seed } from "./bound.ts";
import { CHAOS_AT_MOST_MS, clear, leftIn } from "./joiner.ts";
import { memory } from "./process_memory.ts";
import { Random } from "./random.ts";

const CLIENTS = 200;

/** As many of them send at once. */
const AT_ONCE = 8;

const MOST_BYTES = 600_000;

/** After so many acts the folder is cleared and the hub is looked at. */
const CYCLE_ACTS = 400;

/** Acts until memory has climbed to where it stays; at least as many follow, however short the bound is. */
const WARM_UP_ACTS = 4_000;

/** How much more memory in the second half of what follows than in the first is no leak. */
const SLACK_BYTES = 32 * 2 ** 20;

/** A hub that does as much never has more. */
const MOST_BYTES_IN_MEMORY = 256 * 2 ** 20;

Deno.test({
  name: "200 clients that come and go leave memory and open files of the hub as they were",
  ignore: Deno.build.os !== "linux", // There is no /proc.
  fn: async () => {
    const bound = new Bound(1);
    const random = new Random(seed, "soak");
    await using scene = await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } });
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(scene, `client ${i}`));
    const files = await openFiles(scene.hub.pid);
    const inMemory: number[] = [];
    let count = 0;
    while (!bound.isOver || count < 2 * WARM_UP_ACTS) {
      const some = random.shuffled(clients).slice(0, AT_ONCE);
      await Promise.all(some.map((client) => client.act(random)));
      count += some.length;
      if (count % CYCLE_ACTS !== 0) continue;
      await clear(scene.received);
      if (count > WARM_UP_ACTS) inMemory.push(await memory(scene.hub.pid));
    }
    for (const client of clients) client.leave();
    await eventually(async () => assert.ok(await openFiles(scene.hub.pid) <= files + 2));
    await eventually(() => assert.deepEqual(leftIn(scene.received), []));
    const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
    const half = inMemory.length / 2;
    const early = Math.max(...inMemory.slice(0, half));
    const late = Math.max(...inMemory.slice(half));
    const most = `at most ${mib(early)} in memory, then ${mib(late)}`;
    console.log(
      `${count} acts of ${CLIENTS} clients: ${files} open files before and behind; ${most}`,
    );
    assert.ok(late < early + SLACK_BYTES && late < MOST_BYTES_IN_MEMORY, most);
  },
});

/** Somebody who stays for a while, sends something, goes with or without a word. */
class Client {
  readonly #scene: Scene;
  readonly #name: string;
  #keyPair: IdentityKeys | undefined;
  #peer: RawPeer | undefined;

  constructor(scene: Scene, name: string) {
    this.#scene = scene;
    this.#name = name;
  }

  async act(random: Random): Promise<void> {
    this.#peer ??= await RawPeer.connect(this.#scene.port, {
      name: this.#name,
      keyPair: this.#keyPair ??= await identityKeys(),
    });
    const what = random.next();
    if (what < 0.5) await this.#send(random);
    else if (what < 0.6) await this.#begin(random);
    else if (what < 0.8) this.leave();
    else await this.#peer.send({ type: "ping" });
  }

  /** Breaks the connection off. */
  leave(): void {
    this.#peer?.[Symbol.dispose]();
    this.#peer = undefined;
  }

  async #send(random: Random) {
    const bytes = sampleBytes(random.int(0, MOST_BYTES), random.int(1, 1e9));
    const receipt = await this.#peer!.deliver(bytes, { name: `${this.#name}.bin` });
    assert.equal(receipt?.type, "receipt");
    const { exchange } = receipt as { exchange: number };
    await this.#peer!.send({ type: "settled", exchange });
  }

  /** Offers, and goes before anything of it has come. */
  async #begin(random: Random) {
    const key = Buffer.alloc(32, random.int(0, 255)).toString("base64url");
    const offer = this.#peer!.offerOf(random.int(0, MOST_BYTES), { name: "never.bin", key });
    await this.#peer!.send(offer);
    await this.#peer!.answer();
    this.leave();
  }
}

async function openFiles(pid: number): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}
