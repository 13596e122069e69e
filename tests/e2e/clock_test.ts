import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";
import { canJump, JumpingClock } from "./jumping_clock.ts";
import { eventsOf, Program } from "./program.ts";
import { Scene } from "./scene.ts";

const BYTES = 20_000_000;

/** Slow enough for a clock that jumps in the middle. */
const SLOW = ["--limit", "20MB/s"];

const DAY_MS = 86_400_000;

for (const days of [1, -1]) {
  const jumps = days > 0 ? "ahead by a day" : "back by a day";

  clockTest(`a transfer goes on when the clock jumps ${jumps}`, async (stage) => {
    await using sender = await stage.sending(["big.bin", "--json", ...SLOW]);
    await stage.scene.hub.event("progress", ({ bytes }) => bytes > BYTES / 4);
    await stage.clock.jump(days);
    const { resumedAt, duration } = await delivered(sender);
    assert.equal(resumedAt, 0, "it was cut off");
    assert.ok(duration > 0 && duration < DAY_MS / 2, `${duration}`);
    const received = await stage.scene.hub.event("received");
    assert.ok(Math.abs(Date.parse(received.time) - Date.now()) > DAY_MS / 2, "nothing jumped");
    assert.deepEqual(await stage.scene.read("big.bin"), sampleBytes(BYTES));
  });

  clockTest(`a relay goes on when the clock jumps ${jumps}`, async (stage) => {
    await using bo = await stage.join();
    await using sender = await stage.sending(["big.bin", "--peer", "bo", "--json", ...SLOW]);
    await sender.event("progress", ({ bytes }) => bytes > BYTES / 4);
    await stage.clock.jump(days);
    assert.equal((await delivered(sender)).resumedAt, 0, "it was cut off");
    await bo.event("received");
    assert.deepEqual(await Deno.readFile(join(stage.dir, "big.bin")), sampleBytes(BYTES));
  });

  clockTest(`the mailbox keeps all and its order when the clock jumps ${jumps}`, async (stage) => {
    await stage.join().then((bo) => bo[Symbol.asyncDispose]());
    const names = ["1.txt", "2.txt", "3.txt"];
    for (const [i, name] of names.entries()) {
      if (i === 1) await stage.clock.jump(days);
      await stage.scene.write(name, name);
      await using sender = await stage.sending([name, "--peer", "bo"]);
      assert.equal((await sender.finished).code, 0);
      if (i === 1) await stage.clock.jump(0);
    }
    await stage.scene.stopHub("SIGKILL");
    await stage.clock.jump(days);
    await stage.scene.startHub();
    await using bo = await stage.join();
    for (const name of names) await bo.event("received", (event) => event.name === name);
    bo.kill("SIGINT");
    const received = eventsOf(await bo.finished, "received").map(({ name }) => name);
    assert.deepEqual(received, names);
    const states = eventsOf(await stage.scene.status(["--json"]), "transfer");
    assert.deepEqual(states.map(({ state }) => state), names.map(() => "delivered"));
  });
}

clockTest("a sender does not give up because the clock jumps ahead", async (stage) => {
  await using sender = await stage.sending(["big.bin", "--json", ...SLOW, "--give-up", "40s"]);
  await stage.scene.hub.event("progress");
  await stage.scene.stopHub("SIGKILL");
  await sender.errorLine("trying again in ");
  await stage.clock.jump(1);
  await sender.errorLine("trying again in 2 s");
  await stage.scene.startHub();
  await delivered(sender);
  assert.deepEqual(await stage.scene.read("big.bin"), sampleBytes(BYTES));
});

clockTest("a sender gives up in time although the clock jumps back", async (stage) => {
  await using sender = await stage.sending(["big.bin", ...SLOW, "--give-up", "1s"]);
  await stage.scene.hub.event("progress");
  await stage.scene.stopHub("SIGKILL");
  await sender.errorLine("trying again in ");
  await stage.clock.jump(-1);
  const { code, stderr } = await sender.finished;
  assert.equal(code, 3, stderr);
  assert.match(stderr, /^hint: /m);
});

/** A hub and people who all have one clock. */
class Stage implements AsyncDisposable {
  readonly scene: Scene;
  readonly clock: JumpingClock;
  /** Where things for "bo" arrive. */
  readonly dir: string;

  static async open(): Promise<Stage> {
    const clock = await JumpingClock.open();
    const scene = await Scene.open({ hub: { through: clock.through } });
    await scene.write("big.bin", sampleBytes(BYTES));
    return new Stage(scene, clock);
  }

  private constructor(scene: Scene, clock: JumpingClock) {
    this.scene = scene;
    this.clock = clock;
    this.dir = join(scene.dir, "world", "bo");
  }

  sending(args: string[]): Promise<Program> {
    return this.scene.sending(args, { through: this.clock.through });
  }

  /** "bo" joins. */
  async join(): Promise<Program> {
    await Deno.mkdir(this.dir, { recursive: true });
    const args = ["join", this.scene.to, "--name", "bo", "--dir", this.dir, "--json"];
    const home = await this.scene.home("bo");
    const bo = new Program(args, { home, through: this.clock.through });
    await bo.event("joined");
    return bo;
  }

  async [Symbol.asyncDispose]() {
    await this.scene[Symbol.asyncDispose]();
    await this.clock[Symbol.asyncDispose]();
  }
}

function clockTest(name: string, run: (stage: Stage) => Promise<void>) {
  Deno.test({
    name: canJump ? name : `${name} (there is no faketime here)`,
    ignore: !canJump,
    fn: async () => {
      await using stage = await Stage.open();
      await run(stage);
    },
  });
}

/** What a sender says at its good end. */
async function delivered(sender: Program) {
  const finished = await sender.finished;
  assert.equal(finished.code, 0, finished.stderr);
  return eventsOf(finished, "delivered")[0]!;
}
