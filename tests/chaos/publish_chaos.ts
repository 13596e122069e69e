// deno-lint-ignore-file no-console -- a run prints its seed and its result
import assert from "node:assert/strict";
import { Program } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { eventually } from "../helpers/eventually.ts";
import { hasStrace } from "../helpers/has_tool.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { Bound, seed } from "./bound.ts";
import { clear, digestsIn, Joiner, leftIn } from "./joiner.ts";
import { Random } from "./random.ts";

/** Every call that changes a disk, by what a program asks the system for. */
const CALLS = [
  ...["mkdir", "openat", "write", "ftruncate", "fdatasync", "fsync"],
  ...["link", "rename", "unlink", "rmdir"],
];

/** Calls of one kind that are tried; each thread has its own count. */
const MOST_CALLS = 6;

/** One segment, and some. */
const CONTENT = sampleBytes(9_000_000);

type Victim = "direct hub" | "relaying hub" | "receiver";

for (const victim of ["direct hub", "relaying hub", "receiver"] as const) {
  Deno.test({
    name: `a ${victim} that is killed at any call to the disk loses nothing`,
    ignore: !hasStrace, // No strace here, or no right to trace.
    fn: async () => {
      await using stage = await Stage.open(victim);
      const bound = new Bound(0.03);
      let kills = 0;
      // On a busy machine the time may be over before the first call that is made at all.
      const goesOn = () => kills === 0 || !bound.isOver;
      for (const call of new Random(seed, victim).shuffled(CALLS)) {
        for (let count = 1; count <= MOST_CALLS && goesOn(); count++) {
          const killed = await stage.killAt(call, count).catch((cause) => {
            throw new Error(`${call} ${count}: ${cause.message}`, { cause });
          });
          if (!killed) break;
          kills++;
        }
      }
      console.log(`${victim}: ${kills} kills at calls to the disk, 0 lost, 0 doubled, 0 halved`);
      assert.ok(kills > 0);
    },
  });
}

/** A scene in which one program is started so that a call of it is its last. */
class Stage implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #victim: Victim;
  readonly #bo: Joiner;
  #sent = 0;

  static async open(victim: Victim): Promise<Stage> {
    const scene = await Scene.open();
    const stage = new Stage(scene, victim, await Joiner.join(scene, "bo"));
    await scene.stopHub("SIGKILL");
    await stage.#bo.stop("SIGKILL");
    return stage;
  }

  private constructor(scene: Scene, victim: Victim, bo: Joiner) {
    this.#scene = scene;
    this.#victim = victim;
    this.#bo = bo;
  }

  /** Sends a file while the victim dies at that call, and again; then looks at what is there. False: it did not die. */
  async killAt(call: string, count: number): Promise<boolean> {
    const scene = this.#scene;
    const name = `${this.#sent++}.bin`;
    await scene.write(name, CONTENT);
    const people = this.#victim === "direct hub" ? [] : ["--peer", "bo"];
    const dir = people.length === 0 ? scene.received : this.#bo.dir;
    const dies = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"];
    dies.push("-e", `trace=/^${call}(at|at2)?$`);
    dies.push("-e", `inject=/^${call}(at|at2)?$:signal=SIGKILL:when=${count}`);
    const { killed, delivered } = await this.#send([name, ...people], dies);
    const first = Object.values(await digestsIn(dir));
    assert.ok(first.every((digest) => digest === sha256(CONTENT)));
    assert.ok(!delivered || first.length === 1);
    await this.#startAll();
    const { code, stderr } = await scene.send([name, ...people]);
    assert.equal(code, 0, stderr);
    await eventually(async () => {
      const names = Object.keys(await digestsIn(dir));
      // Where the first run got through, the second one may be another transfer.
      if (delivered && names.length === 2) assert.ok(names.includes(name));
      else assert.deepEqual(names, [name]);
    });
    await eventually(() => assert.deepEqual(leftIn(dir), []));
    await clear(dir);
    await this.#stopAll();
    return killed;
  }

  async [Symbol.asyncDispose]() {
    await this.#bo[Symbol.asyncDispose]();
    await this.#scene[Symbol.asyncDispose]();
  }

  /** The first run: whether the victim died of it, and whether the sender was told that all is well. */
  async #send(args: string[], dies: string[]): Promise<{ killed: boolean; delivered: boolean }> {
    const isReceiver = this.#victim === "receiver";
    const started = await this.#startAll({
      hub: isReceiver ? [] : dies,
      bo: isReceiver ? dies : [],
    });
    const victim = isReceiver ? this.#bo.program : this.#scene.hub;
    const line = [...args, "--json", "--give-up", "0s", "--wait", "delivered"];
    await using sender = await this.#scene.sending(line);
    const died = victim.finished.then(() => true);
    const killed = !started || await Promise.race([died, sender.finished.then(() => false)]);
    sender.kill("SIGKILL");
    const { stdout } = await sender.finished;
    await this.#stopAll();
    return { killed, delivered: stdout.includes('"event":"delivered"') };
  }

  async #startAll({ hub = [], bo = [] }: { hub?: string[]; bo?: string[] } = {}): Promise<boolean> {
    const scene = this.#scene;
    const args = ["serve", "--json", "--port", `${scene.port}`, "--dir", scene.received];
    scene.hub = new Program([...args, "--name", "rack"], {
      home: await scene.home("hub"),
      through: hub,
    });
    const listening = await scene.hub.event("listening").then(() => true, () => false);
    return listening && await this.#bo.tryStart({ through: bo });
  }

  async #stopAll() {
    await this.#bo.stop("SIGKILL");
    await this.#scene.stopHub("SIGKILL");
  }
}
