import assert from "node:assert/strict";
import { hostName } from "../../src/home/host_name.ts";
import { hasTmux, TmuxTerminal } from "../helpers/tmux.ts";
import { eventsOf, Program, programCommand, run } from "./program.ts";
import { Joiner } from "./joiner.ts";
import { Scene } from "./scene.ts";

const MACHINE = hostName();

Deno.test("without --name the hub knows a key by the name that it joined under last", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await (await Joiner.join(scene, "bo")).stop("SIGINT");
  assert.equal((await scene.send(["a.txt", "--peer", "bo"])).code, 0);
  await using again = await joining(scene, "bo");
  assert.equal(await joinedAs(again), "bo");
  await again.line("received a.txt from ana");
  await run(["send", "a.txt", "--to", scene.to], {
    home: await scene.home("bo"),
    cwd: scene.files,
  });
  assert.equal((await scene.hub.event("received")).from, "bo");
  const known = eventsOf(await run(["hub", "--json"], { home: await scene.home("bo") }));
  assert.equal(known[0]!.me, "bo");
});

Deno.test("the name of a machine is claimed by nobody, and locks nobody out", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using ana = await joining(scene, "ana");
  assert.equal(await joinedAs(ana), MACHINE);
  await ana.errorLine("the name is yours until you leave");
  await using bo = await joining(scene, "bo");
  const peer = await joinedAs(bo);
  assert.match(peer!, /^.* \([a-z2-7]{5}\)$/);
  for (
    const line of [["peers", scene.to], ["status", scene.to], ["send", "a.txt", "--to", scene.to]]
  ) {
    const { code, stderr } = await run(line, { home: await scene.home("cy"), cwd: scene.files });
    assert.deepEqual([code, stderr.includes("error")], [0, false], line.join(" "));
  }
  const sent = await scene.send(["a.txt", "--peer", peer!], { as: "di" });
  assert.equal(sent.code, 0);
  for (const program of [ana, bo]) {
    program.kill("SIGINT");
    await program.finished;
  }
  assert.equal((await scene.ask("peers")).stdout, "");
});

Deno.test("who takes somebody else's name is told how to choose another", async () => {
  await using scene = await Scene.open();
  await using _bo = await Joiner.join(scene, "bo");
  const home = await scene.home("eve");
  const { code, stderr } = await run(["peers", scene.to, "--name", "bo"], { home });
  assert.equal(code, 4);
  assert.match(
    stderr,
    /the name "bo" belongs to somebody else here; choose another one with --name/,
  );
});

Deno.test("p2p id --name is a name for every hub, and kept by join", async () => {
  await using scene = await Scene.open();
  const home = await scene.home("ana");
  await run(["id", "--name", "Ana"], { home });
  await using ana = await joining(scene, "ana");
  assert.equal(await joinedAs(ana), "Ana");
  ana.kill("SIGINT");
  await ana.finished;
  assert.equal(eventsOf(await scene.ask("peers", ["--json"], { as: "bo" }))[0]!.name, "Ana");
});

Deno.test("join says what waits for the same key under another name", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await (await Joiner.join(scene, "bo")).stop("SIGINT");
  await scene.send(["a.txt", "--peer", "bo"]);
  await using work = await joining(scene, "bo", "--name", "bo at work");
  assert.equal(
    await work.errorLine("waits for you"),
    "1 file waits for you as bo: join with --name to get it",
  );
});

Deno.test({
  name: "on a terminal join asks whether the name of the machine is to be ours",
  ignore: !hasTmux,
}, async () => {
  await using scene = await Scene.open();
  const env = { P2P_HOME: await scene.home("ana") };
  const command = [...programCommand(), "join", scene.to];
  await using terminal = await TmuxTerminal.open(command, { cwd: scene.files, env, columns: 120 });
  await terminal.shows(`Be "${MACHINE}" at rack from now on?`);
  await terminal.press("Enter");
  await terminal.shows(`joined rack as ${MACHINE}`);
  await terminal.press("C-c");
  await terminal.ended();
  const [person] = eventsOf(await scene.ask("peers", ["--json"], { as: "bo" }));
  assert.deepEqual([person!.name, person!.state], [MACHINE, "away"]);
});

/** `p2p join` by the keys of `as`, without a name unless `more` has one. */
async function joining(scene: Scene, as: string, ...more: string[]): Promise<Program> {
  const home = await scene.home(as);
  return new Program(["join", scene.to, ...more], { home });
}

async function joinedAs(program: Program): Promise<string | undefined> {
  return /^joined rack as "?(.*?)"?; /.exec(await program.line("joined"))?.[1];
}
