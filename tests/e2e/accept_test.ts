import assert from "node:assert/strict";
import { hasTmux, TmuxTerminal } from "../helpers/tmux.ts";
import { programCommand } from "./program.ts";
import { Scene } from "./scene.ts";

const ignore = !hasTmux;

Deno.test(
  { name: "one question stands for a batch; what arrives comes above the next", ignore },
  async () => {
    await using scene = await Scene.open();
    for (const name of ["a.txt", "b.txt", "c.txt"]) await scene.write(name, name);
    await using hub = await openHub(scene);
    const to = ["--to", `127.0.0.1:${await portOf(hub)}`];
    await using batch = await scene.sending(["a.txt", "b.txt", ...to]);
    await hub.shows("and 1 more from ana? (y/N)");
    await using single = await scene.sending(["c.txt", ...to, "--name", "bo"], { as: "bo" });
    await single.errorLine("is new");
    await answer(hub, { key: "y", until: "from ana? yes" });
    assert.equal((await batch.finished).code, 0);
    await hub.until(
      (lines) => lines.at(-1)!.startsWith("Accept c.txt (5 B) from bo? (y/N)"),
      "the next question last",
    );
    const lines = await hub.lines();
    assert.equal(lines.filter((line) => line.startsWith("received")).length, 2);
    await answer(hub, { key: "n", until: "declined c.txt from bo" });
    const { code, stderr } = await single.finished;
    assert.equal(code, 4);
    assert.match(stderr, /error: "c\.txt" was refused: the receiver declined it/);
  },
);

Deno.test({ name: "Ctrl-C at a question ends the hub with 130", ignore }, async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using hub = await openHub(scene);
  await using _sender = await scene.sending(["a.txt", "--to", `127.0.0.1:${await portOf(hub)}`]);
  await hub.shows("Accept a.txt (1 B) from ana? (y/N)");
  await hub.press("C-c");
  const { code, inOrder } = await hub.ended();
  assert.deepEqual([code, inOrder], [130, true]);
});

async function openHub(scene: Scene): Promise<TmuxTerminal> {
  const line = ["serve", "--port", "0", "--accept", "ask", "--preview", "never", "--dir", "asked"];
  const env = { P2P_HOME: await scene.home("asker") };
  return await TmuxTerminal.open([...programCommand(), ...line], { cwd: scene.dir, env });
}

async function portOf(hub: TmuxTerminal): Promise<string> {
  await hub.shows("to send");
  return /address +127\.0\.0\.1:(\d+)/.exec((await hub.lines()).join("\n"))![1]!;
}

/** Presses a key until it is heard: keys of the first half second are not. */
async function answer(
  hub: TmuxTerminal,
  { key, until }: { key: string; until: string },
): Promise<void> {
  await hub.until((lines) => {
    if (lines.some((line) => line.includes(until))) return true;
    hub.type(key).catch(() => {});
    return false;
  }, until);
}
