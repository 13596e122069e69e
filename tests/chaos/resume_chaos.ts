// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Event, eventsOf, type Program } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { fileSha256 } from "../helpers/tree.ts";
import { Bound, seed } from "./bound.ts";
import { CHAOS_AT_MOST_MS, clear, Joiner } from "./joiner.ts";
import { Random } from "./random.ts";

const BYTES = 1e9;

/** The file is made in pieces of so many: nobody has all of it in memory. */
const PIECE_BYTES = 8e6;

/** Where the kill comes: two segments, which it costs at most (SPEC.md §14), and what is under way stay below {@link AGAIN}. */
const KILLED_AT = 0.905;

/** The share of the bytes that is left for the second attempt, at most. */
const AGAIN = 0.12;

/** Slow enough to be killed before the end on a busy machine. */
const SLOW = ["--limit", "250MB/s"];

/** When an attempt counts as hanging, on a machine with much else to do. */
const AT_MOST_MS = 300_000;

/** Who is killed in which way of sending; the receiver without a relay is the hub itself. */
interface Case {
  people: boolean;
  victim: "sender" | "receiver" | "hub";
}

const CASES: Case[] = [
  { people: false, victim: "sender" },
  { people: false, victim: "receiver" },
  { people: true, victim: "receiver" },
  { people: true, victim: "hub" },
];

Deno.test("1 GB that is killed at nine tenths goes on there, whoever is killed", async () => {
  const bound = new Bound(0.1);
  const random = new Random(seed, "resume");
  await using stage = await Stage.open();
  for (let round = 0; round === 0 || !bound.isOver; round++) {
    for (const one of random.shuffled(CASES)) {
      if (round > 0 && bound.isOver) break;
      const where = `${one.victim} killed ${one.people ? "with a relay" : "directly"}`;
      const { offset, ms } = await stage.kill(one).catch((cause) => {
        throw new Error(`${where}, round ${round}: ${cause.message}`, { cause });
      });
      const again = (100 * (1 - offset / BYTES)).toFixed(1);
      console.log(`${where}: ${again} % were sent by the second attempt, the first after ${ms} ms`);
    }
  }
});

/** A hub, somebody who has joined it, and a file of 1 GB. */
class Stage implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #bo: Joiner;
  readonly #digest: string;
  #sent = 0;

  static async open(): Promise<Stage> {
    const scene = await Scene.open({ hub: { atMostMs: CHAOS_AT_MOST_MS } });
    const digest = await writeSample(join(scene.files, "big"));
    return new Stage(scene, await Joiner.join(scene, "bo"), digest);
  }

  private constructor(scene: Scene, bo: Joiner, digest: string) {
    this.#scene = scene;
    this.#bo = bo;
    this.#digest = digest;
  }

  /** Sends the file, kills the victim, starts it again, and gives where and when the second attempt began. */
  async kill({ people, victim }: Case): Promise<{ offset: number; ms: number }> {
    const name = `${this.#sent++}.bin`;
    await Deno.link(join(this.#scene.files, "big"), join(this.#scene.files, name));
    const args = [name, "--json", ...people ? ["--peer", "bo", "--wait", "delivered"] : []];
    // Who waits for a person goes on meanwhile; whose hub is gone is started again here.
    const giveUp = ["--give-up", people && victim === "receiver" ? "60s" : "0s"];
    const line = [...args, ...SLOW, ...giveUp];
    await using first = await this.#scene.sending(line, { atMostMs: AT_MOST_MS });
    // Who gets the bytes knows best how many have come; of a relay the hub itself says nothing.
    const witness = victim === "hub" ? first : this.#receiver({ people });
    const isLate = (event: Event) => event.name === name && event.bytes >= KILLED_AT * BYTES;
    await witness.event("progress", isLate);
    const killed = { sender: first, receiver: this.#receiver({ people }), hub: this.#scene.hub };
    killed[victim].kill("SIGKILL");
    await killed[victim].finished;
    const second = await this.#goOn({ people, victim }, { name, args, first });
    const dir = people ? this.#bo.dir : this.#scene.received;
    assert.equal(await fileSha256(join(dir, name)), this.#digest);
    assert.ok(BYTES - second.offset < AGAIN * BYTES, `goes on at ${second.offset}`);
    await clear(dir);
    return second;
  }

  async [Symbol.asyncDispose]() {
    await this.#bo[Symbol.asyncDispose]();
    await this.#scene[Symbol.asyncDispose]();
  }

  #receiver({ people }: { people: boolean }): Program {
    return people ? this.#bo.program : this.#scene.hub;
  }

  /** The line of the killed one once more, and that of a sender that noticed; ends with the receipt. */
  async #goOn(
    { people, victim }: Case,
    { name, args, first }: { name: string; args: string[]; first: Program },
  ): Promise<{ offset: number; ms: number }> {
    if (people && victim === "receiver") {
      const start = performance.now();
      await this.#bo.start();
      const begun = await began(this.#bo.program, { name, start });
      assert.equal((await first.finished).code, 0);
      const { resumedAt } = await this.#bo.program.event("received", (one) => one.name === name);
      assert.ok(Math.abs(resumedAt - begun.offset) <= CHUNK_BYTES, `${resumedAt}`);
      return begun;
    }
    await first.finished;
    if (victim !== "sender") await this.#scene.startHub();
    const start = performance.now();
    await using second = await this.#scene.sending(args, { atMostMs: AT_MOST_MS });
    const begun = await began(second, { name, start });
    const finished = await second.finished;
    assert.equal(finished.code, 0, finished.stderr);
    const [delivered] = eventsOf(finished, "delivered");
    // A person was perhaps not told of all that the hub had.
    if (!people) assert.ok(Math.abs(delivered!.resumedAt - begun.offset) <= CHUNK_BYTES);
    return begun;
  }
}

/** Where an attempt began, by the first bytes that it tells of, and how long after the start of its command that was. */
async function began(
  program: Program,
  { name, start }: { name: string; start: number },
): Promise<{ offset: number; ms: number }> {
  const { bytes } = await program.event("progress", (event) => event.name === name);
  const ms = Math.round(performance.now() - start);
  // Told with the first chunk, and attempts begin at chunks: a receiver tells of the first one, a sender of the place before it.
  return { offset: bytes, ms };
}

/** Writes a file of {@link BYTES}; gives its digest. */
async function writeSample(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < BYTES; at += PIECE_BYTES) {
    const piece = sampleBytes(Math.min(PIECE_BYTES, BYTES - at), 1 + at);
    hash.update(piece);
    for (let done = 0; done < piece.length;) done += file.writeSync(piece.subarray(done));
  }
  return hash.digest("hex");
}
