import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf, Program, run } from "./program.ts";
import { Scene } from "./scene.ts";

/** Lines as people try them, and the line that means the same. */
const ALIKE: [tried: string, meant: string][] = [
  ["help", "--help"],
  ["help send", "send --help"],
  ["help trust verify", "trust verify --help"],
  ["version", "--version"],
  ["-v", "--version"],
  ["-v send", "--version"],
  ["--help send", "send --help"],
  ["trust list", "trust"],
  ["--json id", "id --json"],
  ["--home . --quiet id", "id --home . --quiet"],
  ["id -q -n ana", "id --quiet --name ana"],
];

Deno.test("commands and options are found where people try them", async () => {
  await using dir = await TempDir.make();
  const shown = async (line: string) => {
    const { code, stdout, stderr } = await run(line.split(" "), { home: dir.path });
    return [code, stdout.replace(/"time":"[^"]*"/, ""), stderr];
  };
  for (const [tried, meant] of ALIKE) {
    const expected = await shown(meant);
    assert.deepEqual(await shown(tried), expected, tried);
    assert.equal(expected[0], 0, tried);
  }
  assert.equal((await shown("version"))[1], `${project.version}\n`);
  assert.match(String((await shown("help sned"))[2]), /unknown command 'sned'/);
});

Deno.test("-t, -p, -n, -q and -y are --to, --peer, --name, --quiet and --trust-new", async () => {
  await using scene = await Scene.open();
  await using ben = await Joiner.join(scene, "ben");
  await scene.write("a.txt", "a");
  const line = ["send", "a.txt", "-t", scene.to, "-p", "ben", "-n", "ana", "-q", "-y"];
  const { code, stderr } = await run(line, { home: await scene.home("ana"), cwd: scene.files });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal((await ben.program.event("received")).from, "ana");
});

Deno.test({
  name: "SIGTERM ends serve and join with 0, and every other command with 130",
  ignore: Deno.build.os === "windows", // It has no SIGTERM.
}, async () => {
  await using scene = await Scene.open();
  await using ben = await Joiner.join(scene, "ben");
  await scene.write("big.bin", sampleBytes(3_000_000));
  await using sender = await scene.sending(["big.bin", "--limit", "1MB/s", "--quiet"]);
  await scene.hub.event("progress");
  sender.kill("SIGTERM");
  assert.equal((await sender.finished).code, 130);
  const joined = await ben.stop("SIGTERM");
  const hub = await scene.stopHub("SIGTERM");
  assert.deepEqual([joined.code, hub.code], [0, 0]);
});

Deno.test("a hub that is stopped says that what is unfinished can be resumed, only where something is", async () => {
  await using scene = await Scene.open({ plain: true });
  const idle = await scene.stopHub("SIGINT");
  assert.deepEqual([idle.code, idle.stderr], [130, "stopped\n"]);
  await scene.startHub();
  await scene.write("big.bin", sampleBytes(3_000_000));
  await using sender = await scene.sending(["big.bin", "--limit", "1MB/s", "--json"]);
  await sender.event("progress");
  const busy = await scene.stopHub("SIGINT");
  assert.match(busy.stderr, /^stopping; unfinished transfers can be resumed$/m);
  assert.doesNotMatch(busy.stderr, /^stopped$/m);
});

Deno.test("Ctrl-C before anything was sent has nothing to go on with", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await scene.sending(["a.txt", "--code"]);
  await sender.line("other side");
  sender.kill("SIGINT");
  const { code, stderr } = await sender.finished;
  assert.equal(code, 130);
  assert.match(stderr, /(^|\n)stopped\n$/);
});

Deno.test("local faults come before the hub is asked", async () => {
  await using scene = await Scene.open();
  await scene.stopHub("SIGKILL");
  for (const args of [["missing"], ["missing", "--code"], ["missing", "--peer", "ben"]]) {
    const { code, stderr } = await scene.send(args);
    assert.deepEqual([code, stderr], [
      5,
      'error: cannot send "missing": no such file or folder\nhint: check the path\n',
    ]);
  }
  await scene.write("a.txt", "a");
  const both = await scene.send(["missing", "a.txt", "--json"]);
  assert.deepEqual(eventsOf(both, "failed").map(({ exit }) => exit), [5, 3]);
});

Deno.test("errors of the system are in words, without their numbers", async () => {
  await using scene = await Scene.open();
  await scene.write("file", "");
  const serve = await run(["serve", "--port", "0", "--dir", "file"], {
    home: await scene.home("ana"),
    cwd: scene.files,
  });
  assert.deepEqual([serve.code, serve.stderr], [
    5,
    'error: cannot receive into "file": a file of that name is in the way\n',
  ]);
  const empty = await scene.send([""]);
  assert.deepEqual([empty.code, empty.stderr], [
    5,
    'error: cannot send "": the path is empty\n',
  ]);
  const home = await new Program(["id", "--home", "file"], {
    home: scene.files,
    cwd: scene.files,
  }).finished;
  assert.equal(home.code, 5);
  assert.doesNotMatch(home.stderr, /os error/);
});

Deno.test("--wait delivered says what it waits for, and ends by --give-up with 3", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using ben = await Joiner.join(scene, "ben");
  await ben.stop("SIGINT");
  const wait = ["a.txt", "--peer", "ben", "--wait", "delivered"];
  const { code, stderr } = await scene.send([...wait, "--give-up", "200ms"]);
  assert.equal(code, 3);
  assert.match(stderr, /^a\.txt is stored; waiting for ben to join \(Ctrl-C leaves it there\)$/m);
  assert.match(
    stderr,
    /^error: "a\.txt" was not delivered to "ben" within 200 ms; it is stored for them until 20/m,
  );
  await using waiting = await scene.sending([...wait.slice(1), "--text=a"]);
  await waiting.errorLine("waiting for ben to join");
  waiting.kill("SIGINT");
  const stopped = await waiting.finished;
  assert.equal(stopped.code, 130);
  assert.match(stopped.stderr, /^stopped waiting for ben: the hub keeps it for them$/m);
  await ben.start();
  assert.equal(new TextDecoder().decode(await ben.received("a.txt")), "a");
  await ben.received("message.txt");
});

Deno.test({
  name: "what the runtime keeps closed is told in words of our own",
  ignore: Deno.build.os !== "linux" || Boolean(Deno.env.get("P2P_BIN")), // It has no /proc.
}, async () => {
  await using scene = await Scene.open();
  const why = "the runtime lets no program into /dev, /proc and /sys";
  const hint =
    "hint: send a file there by `cat FILE | p2p send - --as NAME`; for a folder choose one elsewhere";
  const home = await scene.home("ana");
  const lines: [line: string[], env?: Record<string, string>][] = [
    [["send", "/proc/cpuinfo", "--to", scene.to]],
    [["serve", "--port", "0", "--dir", "/dev/shm/p2p-received"]],
    [["show", "-"], { TMPDIR: "/dev/shm" }],
  ];
  for (const [line, env = {}] of lines) {
    const { code, stderr } = await run(line, { home, env, stdin: new Uint8Array(1) });
    assert.equal(code, 5, stderr);
    assert.match(stderr, /^error: cannot [^\n]*: the runtime lets no program into/);
    assert.ok(stderr.endsWith(`: ${why}\n${hint}\n`), stderr);
  }
});

Deno.test({
  name: "names that not every system can hold arrive as they are, or with --names portable changed",
  ignore: Deno.build.os === "windows", // Its disk holds no such names to send.
}, async () => {
  await using scene = await Scene.open();
  const names = ["10:30.png", "con.txt", "x", "X", "می\u200Cخواهم.txt"];
  for (const name of names) await scene.write(`many/${name}`, name);
  assert.equal((await scene.send(["many/10:30.png", "many"])).code, 0);
  assert.deepEqual(scene.names(), ["10:30.png", "many"]);
  for (const name of names) assert.equal(await scene.readText(`many/${name}`), name);
  const line = ["many/10:30.png", "many", "--names", "portable"];
  const { code, stderr } = await scene.send(line);
  assert.equal(code, 0);
  assert.match(stderr, /^10:30\.png goes as 10_30\.png$/m);
  assert.deepEqual(scene.names(), ["10:30.png", "10_30.png", "many", "many (1)"]);
  assert.equal(await scene.readText("many (1)/_con.txt"), "con.txt");
  assert.equal(await scene.readText("many (1)/x (1)"), "x");
});
