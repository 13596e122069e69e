// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { eventsOf, type Finished, type Program } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Bound, seed } from "./bound.ts";
import { CHAOS_AT_MOST_MS, clear, digestsIn, Joiner, leftIn } from "./joiner.ts";
import { Random } from "./random.ts";

/** Transfers of one line: as many as go at once, and as many that wait. */
const FILES = 8;

const LEAST_BYTES = 1e6;
const MOST_BYTES = 9e6;

/** A kill comes within so much of the first offer: what a line takes on a quiet machine. */
const WITHIN_MS = 350;

/** Runs of the same line until it has to be done. */
const MOST_RUNS = 5;

type Victim = "sender" | "receiver" | "hub";

/** What is killed in which way of sending. */
const CASES: { people: boolean; victim: Victim }[] = [
  { people: false, victim: "sender" },
  { people: false, victim: "hub" },
  { people: true, victim: "sender" },
  { people: true, victim: "receiver" },
  { people: true, victim: "hub" },
];

Deno.test("whoever is killed whenever, everything arrives, whole and once", async () => {
  const bound = new Bound(0.12);
  const random = new Random(seed, "kill");
  await using matrix = await KillMatrix.open(random);
  let rounds = 0;
  while (rounds === 0 || !bound.isOver) {
    for (const { people, victim } of random.shuffled(CASES)) {
      const where = `${victim} killed ${people ? "with a relay" : "directly"}, round ${rounds}`;
      await matrix.kill(victim, { people }).catch((cause) => {
        throw new Error(`${where}: ${cause.message}`, { cause });
      });
      rounds++;
    }
  }
  assert.ok(matrix.killed > 0, "every kill came too late");
  console.log(`${matrix.killed} transfers killed, 0 lost, 0 doubled, 0 halved (${rounds} kills)`);
});

/** A hub, somebody who has joined it, and somebody who sends to both. */
class KillMatrix implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #bo: Joiner;
  readonly #random: Random;
  readonly #content = sampleBytes(2 * MOST_BYTES);
  #sent = 0;
  /** Transfers that were under way, or about to be, when somebody was killed. */
  killed = 0;

  static async open(random: Random): Promise<KillMatrix> {
    const scene = await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } });
    return new KillMatrix(scene, await Joiner.join(scene, "bo"), random);
  }

  private constructor(scene: Scene, bo: Joiner, random: Random) {
    this.#scene = scene;
    this.#bo = bo;
    this.#random = random;
  }

  /** Sends files, kills the victim in the middle, starts it again, and sends the same line until it is done. */
  async kill(victim: Victim, { people }: { people: boolean }): Promise<void> {
    const dir = people ? this.#bo.dir : this.#scene.received;
    const digests = await this.#files();
    const args = [...Object.keys(digests), ...people ? ["--peer", "bo"] : []];
    const giveUp = this.#random.pick(["0s", "20s"]);
    await using sender = await this.#scene.sending([...args, "--json", "--give-up", giveUp]);
    await this.#someTime(sender, { people });
    this.#program(victim, sender).kill("SIGKILL");
    await this.#program(victim, sender).finished;
    await assertNothingWrong(dir, digests);
    if (victim === "hub") await this.#scene.startHub();
    if (victim === "receiver") await this.#bo.start();
    const first = await sender.finished;
    const delivered = toldOf(first, "delivered");
    const told = [...delivered, ...toldOf(first, "stored")];
    this.killed += FILES - told.length;
    for (const name of delivered) assert.ok(name in await digestsIn(dir), `${name} is lost`);
    // Once all of it is told the line is done, and would send everything anew.
    if (told.length < FILES) await this.#sendAgain(args);
    await eventually(async () => assert.deepEqual(await digestsIn(dir), digests));
    await eventually(() => assert.deepEqual(leftIn(dir), []));
    await clear(dir);
    for (const name of Object.keys(digests)) await Deno.remove(`${this.#scene.files}/${name}`);
  }

  async [Symbol.asyncDispose]() {
    await this.#bo[Symbol.asyncDispose]();
    await this.#scene[Symbol.asyncDispose]();
  }

  #program(victim: Victim, sender: Program): Program {
    return { sender, receiver: this.#bo.program, hub: this.#scene.hub }[victim];
  }

  /** Files that were not there before, and their digests. */
  async #files(): Promise<Record<string, string>> {
    const digests: Record<string, string> = {};
    const run = this.#sent++;
    for (let i = 0; i < FILES; i++) {
      const [at, size] = [
        this.#random.int(0, MOST_BYTES),
        this.#random.spread(LEAST_BYTES, MOST_BYTES),
      ];
      const bytes = this.#content.subarray(at, at + size);
      await this.#scene.write(`${run}-${i}`, bytes);
      digests[`${run}-${i}`] = sha256(bytes);
    }
    return digests;
  }

  /** Ends at some point of the transfers, or right behind them. */
  async #someTime(sender: Program, { people }: { people: boolean }) {
    const receiver = people ? this.#bo.program : this.#scene.hub;
    const offered = receiver.event("offered", ({ name }) => name.startsWith(`${this.#sent - 1}-`));
    await Promise.race([offered, sender.finished]);
    await new Promise((resolve) => setTimeout(resolve, this.#random.int(0, WITHIN_MS)));
  }

  async #sendAgain(args: string[]) {
    for (let run = 0; run < MOST_RUNS; run++) {
      const { code, stderr } = await this.#scene.send(args);
      if (code === 0) return;
      assert.equal(code, 3, stderr);
    }
    assert.fail(`the line is not done after ${MOST_RUNS} runs`);
  }
}

/** Under final names lie whole files alone, and none twice. */
async function assertNothingWrong(dir: string, digests: Record<string, string>) {
  for (const [name, digest] of Object.entries(await digestsIn(dir))) {
    assert.equal(digest, digests[name], `"${name}" is not what was sent`);
  }
}

/** The files of which the sender has told that; the last line may be torn. */
function toldOf({ stdout }: Finished, event: "delivered" | "stored"): string[] {
  const whole = stdout.split("\n").filter((line) => line.endsWith("}")).join("\n");
  return eventsOf({ stdout: whole, stderr: "", code: 0 }, event).map(({ name }) => name);
}
