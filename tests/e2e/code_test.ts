import assert from "node:assert/strict";
import { join } from "node:path";
import { utf8 } from "../../src/bytes.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { hasTmux, TmuxTerminal } from "../helpers/tmux.ts";
import { filesWith } from "../helpers/tree.ts";
import { eventsOf, type Finished, Program, programCommand, run } from "./program.ts";
import { Scene } from "./scene.ts";

const NO = "the code is wrong, used up or expired";

Deno.test("send --code sends to whoever types the code, and the hub reads no name of anything", async () => {
  await using scene = await Scene.open();
  await scene.write("photo one.bin", sampleBytes(1_000_000));
  await scene.write("trip/day 1/notes.txt", "sunny");
  await using sender = await sending(scene, ["photo one.bin", "trip", "--code"]);
  const { code } = await sender.event("code");
  assert.match(code, /^\d{3}(-[a-z]{3,8}){3}$/);
  const received = await receive(scene, [code, scene.to]);
  assert.equal(received.code, 0, received.stderr);
  const from = eventsOf(received, "received").map((event) => [event.from, event.name]).sort();
  assert.deepEqual(from, [["Ana", "photo one.bin"], ["Ana", "trip"]]);
  const sent = await sender.finished;
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(eventsOf(sent, "delivered").map(({ to }) => to), ["Ben", "Ben"]);
  assert.deepEqual(
    await Deno.readFile(join(inbox(scene), "photo one.bin")),
    sampleBytes(1_000_000),
  );
  assert.equal(await Deno.readTextFile(join(inbox(scene), "trip/day 1/notes.txt")), "sunny");
  assert.deepEqual(scene.names(), []);
  const hub = await scene.stopHub("SIGINT");
  // One word of a code may be a field's name in a journal, "salt" for one; all three are not.
  for (const words of [["Ana"], ["Ben"], ["photo"], ["trip"], code.split("-").slice(1)]) {
    const holdsAll = (text: string) =>
      words.every((word: string) => new RegExp(`\\b${word}\\b`).test(text));
    assert.ok(!holdsAll(hub.stdout + hub.stderr), words.join());
    assert.deepEqual(filesWith(await scene.home("hub"), holdsAll), [], words.join());
  }
});

Deno.test("receive --code makes the code, for send to type", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using receiver = await receiving(scene, ["--code", scene.to]);
  const { code } = await receiver.event("code");
  const sent = await (await sending(scene, ["--code", code.toUpperCase(), "a.txt"])).finished;
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal((await receiver.finished).code, 0);
  assert.equal(await Deno.readTextFile(join(inbox(scene), "a.txt")), "a");
});

Deno.test("--code in front of a file is no code, and the other line that is shown can be typed", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["--code", "a.txt"], { json: false });
  const [, shown] = /^code +(\S+)/.exec(await sender.line("code "))!;
  const [, line] = /other side +(p2p receive .*)$/.exec(await sender.line("other side"))!;
  const [, ...args] = line!.split(" ");
  assert.deepEqual(args, ["receive", shown!.split("-")[0], scene.to]);
  const { code, stdout, stderr } = await run([...args, "--dir", inbox(scene)], {
    home: await scene.home("ben"),
    stdin: utf8(shown!.split("-").slice(1).join(" ") + "\n"),
  });
  assert.doesNotMatch(stderr, /warning/);
  assert.equal(code, 0);
  assert.match(stdout, /^received a\.txt from Ana /);
  assert.match((await sender.finished).stdout, /\ndelivered a\.txt to \S+ /);
});

Deno.test("--qr shows the line as a picture", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code", "--qr"], { json: false });
  await sender.line("▄▄▄▄▄");
});

Deno.test("a wrong word uses the code up, on both sides with exit code 4, and nothing is sent", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const { code } = await sender.event("code");
  const [nameplate] = code.split("-");
  const wrong = await receive(scene, [`${nameplate}-zoo-zoo-zoo`, scene.to]);
  assertRefused(wrong, NO);
  const sent = await sender.finished;
  assertRefused(sent, "the code was typed wrong on the other side, and is used up");
  assert.match(sent.stderr, /hint: run the line again for a new code\n$/);
  assertRefused(await receive(scene, [code, scene.to]), NO);
  assertRefused(await receive(scene, ["99999-zoo-zoo-zoo", scene.to]), NO);
  assert.deepEqual([...Deno.readDirSync(inbox(scene))].map(({ name }) => name), [".p2p-partial"]);
});

Deno.test("a slip that is no word is said at once, and uses nothing up", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const { code } = await sender.event("code");
  const slip = await receive(scene, [`${code}x`, scene.to]);
  assert.equal(slip.code, 2);
  assert.match(slip.stderr, /is not a word of a code\nhint: did you mean/);
  assert.equal((await receive(scene, [code, scene.to])).code, 0);
});

Deno.test("of two who race for one code exactly one gets the file", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const { code } = await sender.event("code");
  const racers = ["ben", "eve", "zoe"].map((who) => receive(scene, [code, scene.to], who));
  const finished = await Promise.all(racers);
  assert.deepEqual(finished.map(({ code }) => code).sort(), [0, 4, 4]);
  for (const lost of finished.filter(({ code }) => code === 4)) assertRefused(lost, NO);
  assert.equal((await sender.finished).code, 0);
});

Deno.test("with --remember a name is enough next time, and a name that is somebody else's stops it", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code", "--remember"]);
  const { code } = await sender.event("code");
  assert.equal((await receive(scene, [code, scene.to, "--remember"])).code, 0);
  assert.equal((await sender.finished).code, 0);
  for (const [who, other] of [["ana", "Ben"], ["ben", "Ana"]] as const) {
    const known = await run(["trust", "--json"], { home: await scene.home(who) });
    const people = eventsOf(known, "known").filter(({ person }) => person !== undefined);
    assert.deepEqual(people.map(({ person, via }) => [person, via]), [[other, "code"]]);
  }
  await using again = await sending(scene, ["a.txt", "--code", "--remember"]);
  const second = (await again.event("code")).code;
  const changed = await receive(scene, [second, scene.to], "another ben");
  assert.equal(changed.code, 3); // The sender has gone.
  const stopped = await again.finished;
  assert.equal(stopped.code, 4);
  assert.match(stopped.stderr, /the key of "Ben" has changed[^]*p2p trust forget Ben/);
});

Deno.test("the words of a code as an argument are taken with a warning, and no error repeats them", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const { code } = await sender.event("code");
  const home = await scene.home("ben");
  const received = await run(["receive", code, scene.to, "--dir", inbox(scene)], { home });
  assert.equal(received.code, 0, received.stderr);
  assert.match(received.stderr, /^warning: .*others on this machine can read the words/);
  const wrong = await receive(scene, ["417-zebra-zebra", scene.to]);
  assert.equal(wrong.code, 2);
  assert.doesNotMatch(wrong.stderr, /zebra-zebra/);
});

Deno.test("two senders, and two receivers, are told so", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const { code } = await sender.event("code");
  const other = await (await sending(scene, ["a.txt", "--code", code], { as: "eve" })).finished;
  assertRefused(other, "both sides want to send");
  assertRefused(await sender.finished, "both sides want to send");
});

Deno.test("a receiver that is cut off and comes back goes on, and the sender waits for it", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(30_000_000));
  await using sender = await sending(scene, ["big.bin", "--code", "--limit", "15MB/s"]);
  const { code } = await sender.event("code");
  await using receiver = await receiving(scene, [code, scene.to]);
  await receiver.event("progress", ({ bytes }) => bytes > 9_000_000);
  await scene.stopHub("SIGKILL");
  await scene.startHub();
  assert.equal((await receiver.finished).code, 0);
  const sent = await sender.finished;
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(await Deno.readFile(join(inbox(scene), "big.bin")), sampleBytes(30_000_000));
});

Deno.test("a sender that stops ends the receiver's wait, and so does a receiver that stops", async () => {
  await using scene = await Scene.open();
  await scene.write("big.bin", sampleBytes(5_000_000));
  const slow = ["big.bin", "--code", "--limit", "1MB/s", "--give-up", "1s"];
  await using sender = await sending(scene, slow);
  const { code } = await sender.event("code");
  await using receiver = await receiving(scene, [code, scene.to]);
  await receiver.event("progress");
  receiver.kill("SIGINT");
  assert.equal((await receiver.finished).code, 130);
  const sent = await sender.finished;
  assert.equal(sent.code, 3, sent.stderr);
  assert.match(sent.stderr, /"Ben" has gone before everything was there\nhint: .* new code/);
});

Deno.test("command lines with codes that make no sense exit 2", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const lines = [
    "receive",
    "receive rack",
    "receive rack:1 rack:2",
    "receive 7-zoo-zoo-zoo rack --code",
    "receive 7-zoo-zoo",
    `send a.txt --to ${scene.to} --remember`,
    `send a.txt --to ${scene.to} --qr`,
    `send a.txt --to ${scene.to} --code --peer ben`,
    `send a.txt --to ${scene.to} --code 7-zoo-zoo`,
    `send --to ${scene.to} --code`,
  ];
  for (const line of lines) {
    const { code, stdout, stderr } = await run(line.split(" "), {
      home: await scene.home("ana"),
      cwd: scene.files,
    });
    assert.deepEqual([code, stdout], [2, ""], line);
    assert.match(stderr, /^error: .*\n(hint: .*\n)?$/, line);
  }
});

Deno.test({
  name: "on a terminal receive asks for the words of a code, and Tab completes them",
  ignore: !hasTmux,
}, async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using sender = await sending(scene, ["a.txt", "--code"]);
  const [nameplate, ...words] = (await sender.event("code")).code.split("-");
  const env = { P2P_HOME: await scene.home("ben"), P2P_TO: scene.to };
  const command = [...programCommand(), "receive", nameplate!, "--dir", inbox(scene)];
  await using terminal = await TmuxTerminal.open(command, { cwd: scene.files, env });
  await terminal.shows(`The words of code ${nameplate}`);
  for (const word of words) {
    await terminal.type(word.slice(0, 4));
    await terminal.press("Tab");
    await terminal.shows(`-${word}`);
  }
  await terminal.press("Enter");
  assert.equal((await terminal.ended()).code, 0);
  assert.equal(await Deno.readTextFile(join(inbox(scene), "a.txt")), "a");
});

interface SideOptions {
  as?: string;
  json?: boolean;
}

async function sending(
  scene: Scene,
  args: string[],
  { as = "ana", json = true }: SideOptions = {},
) {
  const name = as === "ana" ? "Ana" : as;
  const typed = wordsTyped(args);
  const line = [...typed.args, "--name", name, ...json ? ["--json"] : []];
  return await scene.sending(line, { as, stdin: typed.stdin });
}

async function receiving(scene: Scene, args: string[], who = "ben"): Promise<Program> {
  const typed = wordsTyped(args);
  const line = ["receive", ...typed.args, "--dir", inbox(scene, who), "--name", "Ben", "--json"];
  return new Program(line, { home: await scene.home(who), stdin: typed.stdin });
}

/** A line with a code as it is meant: the number as an argument, the words on standard input. */
function wordsTyped(args: string[]) {
  const code = args.find((arg) => /^\d+-[a-z]+-[a-z]+-[a-z]+$/i.test(arg));
  if (code === undefined) return { args };
  const [nameplate, ...words] = code.split("-");
  return {
    args: args.map((arg) => arg === code ? nameplate! : arg),
    stdin: utf8(`${words.join("-")}\n`),
  };
}

async function receive(scene: Scene, args: string[], who = "ben"): Promise<Finished> {
  await using program = await receiving(scene, args, who);
  return await program.finished;
}

function inbox(scene: Scene, who = "ben"): string {
  return join(scene.dir, "inboxes", who);
}

function assertRefused({ code, stderr }: Finished, message: string) {
  assert.equal(stderr.split("\n")[0], `error: ${message}`);
  assert.equal(code, 4);
}
