// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { type Event, eventsOf, type Finished } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Bound, seed } from "./bound.ts";
import { ChaosProxy, faultMakers } from "./chaos_proxy.ts";
import { CHAOS_AT_MOST_MS, digestsIn, Joiner } from "./joiner.ts";
import { Random } from "./random.ts";

const PEOPLE = ["bo", "chi", "dov", "emi"];

const MOST_BYTES = 4e6;

/** One line of somebody, sent to its end. */
interface Sent {
  from: string;
  to: string[];
  name: string;
  digest: string;
}

Deno.test("people who send to each other through kills and cuts all have everything, once", async () => {
  await using history = await History.open(new Random(seed, "history"));
  const kills = await history.disturb(new Bound(0.12));
  await history.complete();
  console.log(
    `${history.sent.length} lines, ${kills} kills and cuts: exactly once, in order, complete`,
  );
});

/** Some people at a hub that send to each other, and what became of all they have sent. */
class History implements AsyncDisposable {
  readonly sent: Sent[] = [];
  readonly #scene: Scene;
  readonly #proxy: ChaosProxy;
  readonly #people: Joiner[];
  readonly #random: Random;
  readonly #runs: Finished[] = [];
  #isOver = false;

  static async open(random: Random): Promise<History> {
    const scene = await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } });
    const proxy = await ChaosProxy.open(scene.port, new Random(seed, "history proxy"));
    const join = (name: string) => Joiner.join(scene, name, { to: proxy.to });
    return new History(scene, { proxy, people: await Promise.all(PEOPLE.map(join)), random });
  }

  private constructor(
    scene: Scene,
    { proxy, people, random }: { proxy: ChaosProxy; people: Joiner[]; random: Random },
  ) {
    this.#scene = scene;
    this.#proxy = proxy;
    this.#people = people;
    this.#random = random;
  }

  /** Lets everybody send until the time is up, while all that is bad happens in turn, each at least once; gives how often. */
  async disturb(bound: Bound): Promise<number> {
    const senders = PEOPLE.map((name) => this.#sendOn(name));
    let count = 0;
    do {
      for (const happen of this.#random.shuffled(this.#disturbances())) {
        await new Promise((resolve) => setTimeout(resolve, this.#random.int(500, 3000)));
        await happen();
        count++;
      }
    } while (!bound.isOver);
    this.#isOver = true;
    await Promise.all(senders);
    return count;
  }

  /** After a quiet end: each receiver has what was sent to it, whole, once, and in the order of each sender. */
  async complete(): Promise<void> {
    for (const { name, dir } of this.#people) {
      const due = this.sent.filter(({ to }) => to.includes(name));
      const digests = Object.fromEntries(due.map(({ name, digest }) => [name, digest]));
      await eventually(async () => assert.deepEqual(sorted(await digestsIn(dir)), sorted(digests)));
      for (const from of PEOPLE) {
        this.#assertOrder({
          dir,
          due: due.filter((sent) => sent.from === from),
        });
      }
    }
    this.#assertAcknowledged();
  }

  async [Symbol.asyncDispose]() {
    for (const person of this.#people) await person[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#scene[Symbol.asyncDispose]();
  }

  /** One line after the other, each run again until it is done: so its files are in one order. */
  async #sendOn(from: string) {
    const random = new Random(seed, from);
    for (let i = 0; !this.#isOver; i++) {
      const to = random.shuffled(PEOPLE.filter((name) => name !== from)).slice(0, random.int(1, 3));
      const bytes = sampleBytes(random.spread(1, MOST_BYTES), random.int(1, 2 ** 30));
      const name = `${from}-${String(i).padStart(4, "0")}`;
      await this.#scene.write(name, bytes);
      const through = random.pick([this.#proxy.to, this.#scene.to]);
      const args = [name, ...to.flatMap((peer) => ["--peer", peer]), "--to", through, "--json"];
      await this.#sendUntilDone(from, [...args, "--give-up", random.pick(["0s", "10s"])]);
      this.sent.push({ from, to, name, digest: sha256(bytes) });
    }
  }

  async #sendUntilDone(from: string, args: string[]) {
    for (;;) {
      await using sender = await this.#scene.sending(args, { as: from });
      const isKilled = this.#random.next() < 0.1;
      const timer = isKilled && setTimeout(() => sender.kill("SIGKILL"), this.#random.int(50, 600));
      const finished = await sender.finished;
      if (timer !== false) clearTimeout(timer);
      this.#runs.push(finished);
      if (finished.code === 0) return;
      assert.ok([3, 137].includes(finished.code), finished.stderr);
    }
  }

  /** Everything bad there is. */
  #disturbances(): (() => void | Promise<void>)[] {
    const makers = Object.values(faultMakers(MOST_BYTES));
    return [
      () => this.#proxy.arm(this.#random.pick(makers), { more: 2 }),
      () => this.#proxy.breakOff(),
      async () => {
        await this.#scene.stopHub("SIGKILL");
        await this.#scene.startHub();
      },
      async () => {
        const person = this.#random.pick(this.#people);
        await person.stop("SIGKILL");
        await person.start({ to: this.#proxy.to });
      },
    ];
  }

  /** Published in the order in which they were sent. */
  #assertOrder({ dir, due }: { dir: string; due: Sent[] }) {
    const times = due.map(({ name }) => Deno.statSync(`${dir}/${name}`).ctime!.getTime());
    for (const [i, time] of times.entries()) {
      if (i > 0) assert.ok(times[i - 1]! <= time, `"${due[i]!.name}" came before the one in front`);
    }
  }

  /** What was told to be delivered or stored, by its id, is what arrived: nobody was told twice of two copies. */
  #assertAcknowledged() {
    const told = new Map<string, string>();
    for (const event of this.#runs.flatMap(wholeEvents)) {
      if (event.event !== "delivered" && event.event !== "stored") continue;
      const key = `${event.name} ${event.to}`;
      assert.equal(told.get(key) ?? event.transfer, event.transfer, `${key} is two transfers`);
      told.set(key, event.transfer);
    }
    for (const { name, to } of this.sent) {
      for (const person of to) assert.ok(told.has(`${name} ${person}`), `${name} ${person}`);
    }
  }
}

/** The events of a run; its last line may be torn. */
function wholeEvents({ stdout }: Finished): Event[] {
  const whole = stdout.split("\n").filter((line) => line.endsWith("}")).join("\n");
  return eventsOf({ code: 0, stdout: whole, stderr: "" });
}

function sorted(digests: Record<string, string>): [string, string][] {
  return Object.entries(digests).sort(([a], [b]) => a < b ? -1 : 1);
}
