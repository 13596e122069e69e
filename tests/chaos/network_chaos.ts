// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import type { Finished } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { fileSha256 } from "../helpers/tree.ts";
import { Bound, isLong, seed } from "./bound.ts";
import { ChaosProxy, faultMakers } from "./chaos_proxy.ts";
import { CHAOS_AT_MOST_MS, clear, digestsIn, Joiner, leftIn } from "./joiner.ts";
import { Random } from "./random.ts";

const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 ** 24 - 1, 2 ** 24 + 1];

const FAULTS = Object.keys(faultMakers(0));

const LARGE_BYTES = 300_000_000;

/** What a large file meets in every run; a long one has all of it. */
const LARGE_FAULTS = ["cut", "reset", "stall"];

/** Connections of one line that have a fault; those after them get through. */
const FAULTY = 3;

/** How many people a file goes to in each way; nobody is the hub itself. */
const WAYS = { direct: 0, relay: 1, broadcast: 3, mailbox: 1 };

type Way = keyof typeof WAYS;

/** One fault, and the sizes that are sent through it. */
interface Cell {
  fault: string;
  sizes: number[];
}

Deno.test("whatever the network does, everything arrives, whole and once", async () => {
  const bound = new Bound(0.12);
  const random = new Random(seed, "network");
  await using scene = await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } });
  await using stack = new AsyncDisposableStack();
  const ways = Object.keys(WAYS) as Way[];
  const lanes = await Promise.all(ways.map((way) => Lane.open(scene, way)));
  for (const lane of lanes) stack.use(lane);
  const large = largeCells(random);
  await Promise.all(lanes.map((lane) => lane.runAll(large.get(lane.way)!, bound)));
  const sum = (count: (lane: Lane) => number) => lanes.reduce((sum, lane) => sum + count(lane), 0);
  const broken = sum((lane) => lane.broken);
  assert.ok(broken > 0, "no connection was broken");
  console.log(
    `${sum(({ runs }) => runs)} runs, ${sum(({ met }) => met.size)} of ` +
      `${FAULTS.length * ways.length} pairs of fault and way × ${SIZES.length} sizes, ` +
      `${sum(({ way }) => large.get(way)!.length)} × 300 MB: ` +
      `all whole; ${broken} connections were broken`,
  );
});

/** The faults that a large file meets in each way: all, or in a short run some, directly and in one of the other ways. */
function largeCells(random: Random): Map<Way, string[]> {
  const [direct, ...others] = Object.keys(WAYS) as Way[];
  const some = LARGE_FAULTS.map((fault) => ({ fault, ways: [direct, random.pick(others)] }));
  const faultsOf = (way: Way) =>
    isLong ? FAULTS : some.filter(({ ways }) => ways.includes(way)).map(({ fault }) => fault);
  return new Map([direct!, ...others].map((way) => [way, faultsOf(way)]));
}

/** One way of sending, with people of its own, and a bad network in front of the sender and of those who receive. */
class Lane implements AsyncDisposable {
  readonly way: Way;
  /** Cells that were run so far. */
  runs = 0;
  /** The faults that all sizes have met. */
  readonly met = new Set<string>();
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #stack = new AsyncDisposableStack();
  readonly #people: Joiner[] = [];
  #sender!: ChaosProxy;
  #receiver!: ChaosProxy;

  static async open(scene: Scene, way: Way): Promise<Lane> {
    const lane = new Lane(scene, way);
    await lane.#fill();
    return lane;
  }

  private constructor(scene: Scene, way: Way) {
    this.#scene = scene;
    this.way = way;
    this.#random = new Random(seed, way);
  }

  /** Connections that were broken so far. */
  get broken(): number {
    return this.#sender.broken + this.#receiver.broken;
  }

  /** Runs those of `large` with a large file, and then one fault after the other until the time is up; in a long run, each. */
  async runAll(large: string[], bound: Bound): Promise<void> {
    for (const size of [...SIZES, ...large.length > 0 ? [LARGE_BYTES] : []]) {
      await this.#scene.write(`${this.way}-${size}`, sampleBytes(size, size + 1));
    }
    for (const fault of large) await this.#run({ fault, sizes: [LARGE_BYTES] });
    const least = isLong ? FAULTS.length : 1;
    for (let next: string[] = []; !bound.isOver || this.met.size < least;) {
      if (next.length === 0) next = this.#random.shuffled(FAULTS);
      const fault = next.pop()!;
      await this.#run({ fault, sizes: SIZES });
      this.met.add(fault);
    }
  }

  async [Symbol.asyncDispose]() {
    await this.#stack.disposeAsync();
  }

  async #run(cell: Cell) {
    await this.#send(cell).catch((cause) => {
      const where = `${cell.fault} × ${this.way} × ${cell.sizes}`;
      throw new Error(`${where}: ${cause.message}`, { cause });
    });
    this.runs++;
  }

  /** Sends a file of each size; the same line again until it is done. Then looks at what is there. */
  async #send({ fault, sizes }: Cell) {
    const people = this.#people;
    const dirs = people.length === 0 ? [this.#scene.received] : people.map(({ dir }) => dir);
    const maker = faultMakers(sizes.reduce((sum, size) => sum + size))[fault]!;
    const digests = await this.#files(sizes);
    if (this.way === "mailbox") await people[0]!.stop("SIGINT");
    this.#sender.arm(maker, { more: FAULTY });
    this.#receiver.arm(maker, { more: 1 });
    await this.#sendAll(Object.keys(digests));
    if (this.way === "mailbox") await people[0]!.start({ to: this.#receiver.to });
    for (const { program } of people) {
      for (const sent of Object.keys(digests)) {
        await program.event("received", ({ name }) => name === sent);
      }
    }
    for (const dir of dirs) {
      await eventually(async () => assert.deepEqual(await digestsIn(dir), digests));
      await eventually(() => assert.deepEqual(leftIn(dir), []));
      await clear(dir);
    }
  }

  async #fill() {
    const open = (side: string) =>
      ChaosProxy.open(this.#scene.port, new Random(seed, `${this.way} ${side}`));
    this.#sender = this.#stack.use(await open("sender"));
    this.#receiver = this.#stack.use(await open("receiver"));
    for (let i = 0; i < WAYS[this.way]; i++) {
      // The others are not held up by what happens to one.
      const to = i === 2 ? this.#scene.to : this.#receiver.to;
      const person = await Joiner.join(this.#scene, `${this.way} ${i}`, { to });
      this.#people.push(this.#stack.use(person));
    }
  }

  /** Files of names that were not sent yet, and their digests as they are to arrive. */
  async #files(sizes: number[]): Promise<Record<string, string>> {
    const digests: Record<string, string> = {};
    for (const size of sizes) {
      const name = `${this.runs}-${this.way}-${size}`;
      const original = join(this.#scene.files, `${this.way}-${size}`);
      await Deno.link(original, join(this.#scene.files, name));
      digests[name] = await fileSha256(original);
    }
    return digests;
  }

  async #sendAll(files: string[]) {
    const giveUp = this.#random.pick(["0s", "20s"]);
    const people = this.#people.flatMap(({ name }) => ["--peer", name]);
    const args = [...files, ...people, "--to", this.#sender.to, "--give-up", giveUp];
    for (let run = 0; run <= FAULTY; run++) {
      const finished = await this.#scene.send(args, {
        as: `to ${this.way}`,
        atMostMs: CHAOS_AT_MOST_MS,
      });
      if (finished.code === 0) return;
      assertClean(finished);
    }
    throw new Error(`does not get through at ${giveUp} after ${FAULTY} bad connections`);
  }
}

/** What a line says that was cut off: why, and what to do. */
function assertClean({ code, stderr }: Finished) {
  assert.equal(code, 3, stderr);
  assert.match(stderr, /^error: .*(\n.*)*\nhint: (run the same line again|start a hub there)/m);
  assert.doesNotMatch(stderr, /^ {4}at /m);
}
