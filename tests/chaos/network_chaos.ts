import assert from "node:assert/strict";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import type { Finished } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Bound, isLong, seed } from "./bound.ts";
import { ChaosProxy, type FaultMaker, faultMakers } from "./chaos_proxy.ts";
import { CHAOS_AT_MOST_MS, clear, digestsIn, Joiner, leftIn } from "./joiner.ts";
import { Random } from "./random.ts";

const SIZES = [
  ...[0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 ** 24 - 1, 2 ** 24 + 1],
  ...isLong ? [300_000_000] : [],
];

/** Connections of one line that have a fault; those after them get through. */
const FAULTY = 3;

/** Who a file goes to in each way; nobody is the hub itself. */
const WAYS: Record<string, string[]> = {
  direct: [],
  relay: ["bo"],
  broadcast: ["bo", "chi", "dov"],
  mailbox: ["emi"],
};

const total = SIZES.reduce((sum, size) => sum + size);

Deno.test("whatever the network does, everything arrives, whole and once", async () => {
  const bound = new Bound(2);
  const random = new Random(seed, "network");
  await using matrix = await Matrix.open(random);
  const cells = Object.entries(faultMakers(total)).flatMap(([fault, maker]) =>
    Object.keys(WAYS).map((way) => ({ fault, maker, way }))
  );
  let rounds = 0;
  let runs = 0;
  for (; rounds === 0 || !bound.isOver; rounds++) {
    for (const { fault, maker, way } of random.shuffled(cells)) {
      if (rounds > 0 && bound.isOver) break;
      runs++;
      await matrix.send(way, maker).catch((cause) => {
        throw new Error(`${fault} × ${way}: ${cause.message}`, { cause });
      });
    }
  }
  const count = `${runs} of ${cells.length} pairs of fault and way × ${SIZES.length} sizes`;
  console.log(`${count}: all whole; ${matrix.broken} connections were broken`);
});

/** A hub, four people, and a bad network in front of those who send and of one who receives. */
class Matrix implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #stack = new AsyncDisposableStack();
  #people!: Map<string, Joiner>;
  #sender!: ChaosProxy;
  #receiver!: ChaosProxy;
  #sent = 0;

  static async open(random: Random): Promise<Matrix> {
    const matrix = new Matrix(await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } }), random);
    await matrix.#fill();
    return matrix;
  }

  private constructor(scene: Scene, random: Random) {
    this.#scene = this.#stack.use(scene);
    this.#random = random;
  }

  /** Connections that were broken so far. */
  get broken(): number {
    return this.#sender.broken + this.#receiver.broken;
  }

  /** Sends a file of each size; the same line again until it is done. Then looks at what is there. */
  async send(way: string, maker: FaultMaker): Promise<void> {
    const names = WAYS[way]!;
    const receivers = names.map((name) => this.#people.get(name)!);
    const dirs = names.length === 0 ? [this.#scene.received] : receivers.map(({ dir }) => dir);
    const { files, digests } = await this.#files();
    if (way === "mailbox") await receivers[0]!.stop("SIGINT");
    this.#sender.arm(maker, { more: FAULTY });
    this.#receiver.arm(maker, { more: 1 });
    await this.#sendAll(files, names);
    if (way === "mailbox") await receivers[0]!.start({ to: this.#receiver.to });
    for (const dir of dirs) {
      await eventually(async () => assert.deepEqual(await digestsIn(dir), digests));
      await eventually(() => assert.deepEqual(leftIn(dir), []));
      await clear(dir);
    }
  }

  async [Symbol.asyncDispose]() {
    await this.#stack.disposeAsync();
  }

  async #fill() {
    const scene = this.#scene;
    this.#sender = this.#stack.use(await ChaosProxy.open(scene.port, new Random(seed, "sender")));
    this.#receiver = this.#stack.use(
      await ChaosProxy.open(scene.port, new Random(seed, "receiver")),
    );
    const joins = ["bo", "chi", "dov", "emi"].map(async (name) => {
      // The others are not held up by what happens to one.
      const to = name === "dov" ? scene.to : this.#receiver.to;
      return [name, this.#stack.use(await Joiner.join(scene, name, { to }))] as const;
    });
    this.#people = new Map(await Promise.all(joins));
    for (const size of SIZES) await scene.write(`${size}`, sampleBytes(size, size + 1));
  }

  /** Files of names that were not sent yet, and their digests as they are to arrive. */
  async #files(): Promise<{ files: string[]; digests: Record<string, string> }> {
    const run = this.#sent++;
    const digests: Record<string, string> = {};
    for (const size of SIZES) {
      const name = `${run}-${size}`;
      await Deno.link(join(this.#scene.files, `${size}`), join(this.#scene.files, name));
      digests[name] = sha256(sampleBytes(size, size + 1));
    }
    const files = Object.keys(digests);
    return {
      files,
      digests: Object.fromEntries(files.sort().map((name) => [name, digests[name]!])),
    };
  }

  async #sendAll(files: string[], names: string[]) {
    const giveUp = this.#random.pick(["0s", "20s"]);
    const people = names.flatMap((name) => ["--peer", name]);
    const args = [...files, ...people, "--to", this.#sender.to, "--give-up", giveUp];
    for (let run = 0; run <= FAULTY; run++) {
      const finished = await this.#scene.send(args);
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
