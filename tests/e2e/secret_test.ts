import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { childOf } from "../helpers/child_of.ts";
import { eventually } from "../helpers/eventually.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { samplePng } from "../helpers/sample_files.ts";
import { hasTmux, TmuxTerminal } from "../helpers/tmux.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { filesWith } from "../helpers/tree.ts";
import { eventsOf, Program, programCommand, run } from "./program.ts";
import { Scene, type SceneOptions } from "./scene.ts";

const SECRET = "walrus anchor violin";
const WRONG = "walrus anchor violets";

const beyond = Object.values(networkInterfaces()).flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

Deno.test("a hub with a secret takes who knows it, by file or environment, and nobody else", async () => {
  await using scene = await sceneWithSecret({ plain: true });
  const file = await secretFile(scene, "ana.secret", SECRET);
  const byFile = await scene.send(["a.txt", "--secret-file", file]);
  const byEnv = await scene.send(["a.txt"], { env: { P2P_SECRET: SECRET } });
  assert.deepEqual([byFile.code, byEnv.code], [0, 0]);
  const wrong = await scene.send(["a.txt", "--quiet"], { env: { P2P_SECRET: WRONG }, as: "eve" });
  assert.deepEqual([wrong.code, wrong.stdout, wrong.stderr], [
    4,
    "",
    `error: cannot connect to ${scene.to}: the secret is wrong\n` +
    "hint: ask whoever runs the hub for its secret\n",
  ]);
  const without = await scene.send(["a.txt", "--quiet"], { as: "eve" });
  assert.deepEqual([without.code, without.stderr], [
    4,
    `error: cannot connect to ${scene.to}: the hub wants a secret\n` +
    "hint: give it with --secret-file FILE or in P2P_SECRET\n",
  ]);
  assert.deepEqual(scene.names(), ["a.txt"], "it was there already the second time");
  assert.equal(await scene.hub.errorLine("secret is"), "127.0.0.1: the secret is wrong");
});

Deno.test("serve takes its secret from a file too", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("secret"), `${SECRET}\n`, { mode: 0o600 });
  await using scene = await Scene.open({ serve: ["--secret-file", dir.join("secret")] });
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt"], { env: { P2P_SECRET: SECRET } })).code, 0);
  assert.equal((await scene.send(["a.txt"], { env: { P2P_SECRET: WRONG } })).code, 4);
});

Deno.test("join and peers prove the secret too", async () => {
  await using scene = await sceneWithSecret();
  const options = { home: await scene.home("ben"), env: { P2P_SECRET: SECRET } };
  await using joined = new Program(["join", scene.to, "--name", "ben", "--json"], options);
  await joined.event("connected");
  const listed = await run(["peers", scene.to, "--json"], options);
  assert.deepEqual(eventsOf(listed, "peer").map(({ name }) => name), ["ben"]);
  const refused = await run(["peers", scene.to], { ...options, env: { P2P_SECRET: WRONG } });
  assert.deepEqual([refused.code, refused.stdout], [4, ""]);
});

Deno.test("a secret that is bad is refused at start with exit code 2, on both sides", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const open = await secretFile(scene, "open", SECRET, 0o644);
  const short = await secretFile(scene, "short", " seven77\n");
  const empty = await secretFile(scene, "empty", "\n");
  const cases: [file: string, message: string][] = [
    [open, `cannot use the secret in "${open}": others may read it (mode 644)`],
    [short, `cannot use the secret in "${short}": it has fewer than 8 characters`],
    [empty, `cannot use the secret in "${empty}": it is empty`],
  ];
  const lines = ["serve --port 0", `send a.txt --to ${scene.to}`, `join ${scene.to}`];
  for (const [file, message] of cases) {
    for (const line of lines) {
      const { code, stdout, stderr } = await start(scene, [
        ...line.split(" "),
        "--secret-file",
        file,
      ]);
      assert.deepEqual([code, stdout, stderr.split("\n")[0]], [2, "", `error: ${message}`]);
    }
  }
  const env = { P2P_SECRET: "short" };
  assert.equal((await start(scene, ["serve", "--port", "0"], env)).code, 2);
  const missing = await start(scene, ["serve", "--secret-file", "/nowhere"]);
  assert.deepEqual([missing.code, missing.stderr], [
    5,
    'error: cannot read the secret in "/nowhere": no such file or folder\n',
  ]);
  const both = await start(scene, [
    "serve",
    "--open",
    "--secret-file",
    await secretFile(scene, "ok", SECRET),
  ]);
  assert.equal(both.code, 2);
});

Deno.test({
  name: "guesses are held at five a minute for one address, and others are served",
  ignore: beyond === undefined, // This machine has no address but loopback.
}, async () => {
  await using scene = await sceneWithSecret({ serve: ["--host", "0.0.0.0"] });
  const reasons: (string | undefined)[] = [];
  for (let i = 0; i < 20; i++) reasons.push(await guess(scene.port, `guess ${i}`));
  const [first, late] = [reasons.slice(0, 5), reasons.slice(5)];
  assert.deepEqual(new Set(first), new Set(["the secret is wrong"]));
  for (const reason of [...late, await guess(scene.port, SECRET)]) {
    assert.match(reason!, /^too many wrong secrets came from your network: try again in \d+ s$/);
  }
  // Who calls another address of this machine calls from there.
  assert.equal(await guess(scene.port, SECRET, beyond), "welcome");
});

Deno.test({
  name:
    "beyond loopback a hub makes a secret up, shows it once and keeps it, and it vouches for the hub",
  ignore: beyond === undefined, // This machine has no address but loopback.
}, async () => {
  await using scene = await Scene.open({ serve: ["--lan"], plain: true });
  await scene.write("a.txt", "a");
  const shown = await scene.hub.line("secret ");
  const [, secret] = /^ {2}secret {7}([a-z]+(?:-[a-z]+){5}) {2}\(others are asked/.exec(shown)!;
  assert.match(await scene.hub.line("reached by"), /who knows the secret, on the network$/);
  assert.match(await scene.hub.line("to send"), /^ {2}to send {6}p2p send FILE --to [\d.]+:\d+$/);
  const kept = join(await scene.home("hub"), "hub_secret");
  assert.equal(await Deno.readTextFile(kept), secret + "\n");
  assert.equal(Deno.statSync(kept).mode! & 0o777, 0o600);
  const line = ["a.txt", "--to", `${beyond}:${scene.port}`, "--quiet"];
  assert.equal((await scene.send(line)).code, 4);
  const sent = await scene.send(line, { env: { P2P_SECRET: secret! } });
  assert.deepEqual([sent.code, sent.stderr], [0, ""]);
  const { stdout, stderr } = await scene.stopHub("SIGINT");
  assert.equal((stdout + stderr).split(secret!).length, 2);
  await scene.startHub();
  assert.equal(await scene.hub.line("secret "), `  secret       required (kept in ${kept})`);
  assert.equal((await scene.send(line, { env: { P2P_SECRET: secret! } })).code, 0);
  assert.ok(!(await scene.stopHub("SIGINT")).stdout.includes(secret!));
});

Deno.test("--open and loopback ask for no secret", async () => {
  for (const serve of [["--host", "0.0.0.0", "--open"], []]) {
    await using scene = await Scene.open({ serve, plain: true });
    await scene.write("a.txt", "a");
    assert.equal((await scene.send(["a.txt"])).code, 0);
    const kept = [...Deno.readDirSync(await scene.home("hub"))].map(({ name }) => name);
    assert.ok(!kept.includes("hub_secret"));
  }
});

Deno.test("a secret is in no command line, no output and no file but those that keep it", async () => {
  await using scene = await sceneWithSecret();
  await scene.write("big.bin", new Uint8Array(3_000_000));
  const file = await secretFile(scene, "ana.secret", SECRET);
  await using sender = await scene.sending(["big.bin", "--limit", "2MB/s", "--secret-file", file]);
  await scene.hub.event("progress");
  assert.deepEqual(commandLinesWith(SECRET), []);
  const wrong = await scene.send(["a.txt"], { env: { P2P_SECRET: WRONG } });
  const { stdout, stderr } = await sender.finished;
  const hub = await scene.stopHub("SIGINT");
  const said = [stdout, stderr, hub.stdout, hub.stderr, wrong.stdout, wrong.stderr].join("\n");
  assert.ok(!said.includes(SECRET) && !said.includes(WRONG));
  const holding = filesWith(scene.dir, (text) => text.includes(SECRET));
  assert.deepEqual(holding.sort(), ["ana.secret", "homes/ana/known_hubs.jsonl"]);
  assert.deepEqual(filesWith(scene.dir, (text) => text.includes(WRONG)), []);
});

Deno.test({
  name: "a process that the hub starts does not have its secret",
  ignore: Deno.build.os !== "linux", // It says in /proc what environment a process has.
}, async () => {
  await using scene = await sceneWithSecret({ plain: true, serve: ["--preview", "always"] });
  await scene.write("a.png", samplePng(600, 600));
  await using sender = await scene.sending(["a.png"], { env: { P2P_SECRET: SECRET } });
  let decoder: number | undefined;
  await eventually(() => {
    decoder = childOf(scene.hub.pid);
    assert.ok(decoder, "no process decodes the picture");
    // Before it is a program of its own it is a copy of the hub.
    assert.match(Deno.readTextFileSync(`/proc/${decoder}/cmdline`), /image_child|__decode-image/);
    Deno.kill(decoder, "SIGSTOP");
  });
  const environment = Deno.readTextFileSync(`/proc/${decoder}/environ`);
  Deno.kill(decoder!, "SIGKILL");
  assert.match(environment, /(HOME|DENO_DIR)=/);
  assert.ok(!environment.includes(SECRET));
  assert.equal((await sender.finished).code, 0);
});

Deno.test({
  name: "on a terminal send asks for the secret, and shows nothing of it",
  ignore: !hasTmux,
}, async () => {
  await using scene = await sceneWithSecret();
  const env = { P2P_HOME: await scene.home("ana") };
  const command = [...programCommand(), "send", "a.txt", "--to", scene.to];
  await using terminal = await TmuxTerminal.open(command, { cwd: scene.files, env });
  await terminal.shows(`The secret of ${scene.to}`);
  await terminal.type(SECRET);
  await terminal.press("Enter");
  const { code, inOrder } = await terminal.ended();
  assert.deepEqual([code, inOrder], [0, true]);
  assert.ok(!(await terminal.lines()).join("").includes("walrus"));
  assert.deepEqual(scene.names(), ["a.txt"]);
});

Deno.test("send --again proves the secret of the environment, off a terminal", async () => {
  await using scene = await sceneWithSecret();
  const env = { P2P_SECRET: SECRET };
  await using ben = new Program(["join", scene.to, "--name", "ben", "--json"], {
    home: await scene.home("ben"),
    env,
  });
  await ben.event("joined");
  const sent = await scene.send(["a.txt", "--peer", "ben", "--json"], { env });
  const { transfer } = eventsOf(sent, "delivered")[0]!;
  const again = await scene.send(["--again", transfer, "--missing", "--quiet"], { env });
  assert.deepEqual([again.code, again.stderr], [0, ""]);
  const anew = await scene.send(["--again", transfer, "--json"], { env });
  assert.equal(eventsOf(anew, "delivered").length, 1, anew.stderr);
});

Deno.test({
  name: "Ctrl-C at the question for the secret ends with 130, and says nothing",
  ignore: !hasTmux,
}, async () => {
  await using scene = await sceneWithSecret();
  const env = { P2P_HOME: await scene.home("ana") };
  const command = [...programCommand(), "send", "a.txt", "--to", scene.to];
  await using terminal = await TmuxTerminal.open(command, { cwd: scene.files, env });
  await terminal.shows(`The secret of ${scene.to}`);
  await terminal.press("C-c");
  const { code, inOrder } = await terminal.ended();
  assert.deepEqual([code, inOrder], [130, true]);
  assert.doesNotMatch((await terminal.lines()).join("\n"), /error|hint/);
});

async function sceneWithSecret(options: SceneOptions = {}): Promise<Scene> {
  const scene = await Scene.open({ ...options, hub: { env: { P2P_SECRET: SECRET } } });
  await scene.write("a.txt", "a");
  return scene;
}

async function secretFile(scene: Scene, name: string, secret: string, mode = 0o600) {
  const path = join(scene.dir, name);
  await Deno.writeTextFile(path, secret, { mode });
  await Deno.chmod(path, mode);
  return path;
}

async function start(scene: Scene, args: string[], env: Record<string, string> = {}) {
  return await run(args, { home: await scene.home("ana"), cwd: scene.files, env });
}

/** Why the hub does not take who says that this is its secret, `welcome` where it does; undefined where it hangs up. */
async function guess(port: number, secret: string, from?: string): Promise<string | undefined> {
  try {
    using peer = await RawPeer.connect(port, { secret, ...from && { hostname: from } });
    const answer = await peer.receive();
    return answer?.type === "goodbye" ? answer.reason : answer?.type;
  } catch {
    return undefined;
  }
}

/** Command lines of this machine that hold `text`. */
function commandLinesWith(text: string): string[] {
  if (Deno.build.os !== "linux") return [];
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) =>
    /^\d+$/.test(name)
  );
  return pids.flatMap((pid) => {
    try {
      const line = Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      return line.includes(text) ? [line] : [];
    } catch {
      return []; // It has ended.
    }
  });
}
