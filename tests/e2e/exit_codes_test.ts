import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";
import { eventsOf, type Finished, Program } from "./program.ts";
import { Scene } from "./scene.ts";

const HELP = "see `p2p --help`, or `p2p COMMAND --help`";

/** Command lines that make no sense: the message, and the hint where there is one. */
const USAGE: [args: string, message: string, hint?: string][] = [
  ["", "no command is given", HELP],
  ["sned a.txt", "unknown command 'sned'", "Did you mean send?"],
  ["shw", "unknown command 'shw'", "Did you mean show?"],
  [
    "send",
    "nothing to send: name a file",
    "p2p send FILE --to HOST:PORT, or --text for a snippet",
  ],
  ["send a.txt --tp HUB", "unknown option '--tp'", "Did you mean --to?"],
  ["send a.txt --to", "--to needs a value: --to <host:port>", HELP],
  ["send - --to HUB", "standard input has no name", "name it with --as NAME"],
  ["send a b --as c --to HUB", "--as names one file, and 2 are given", "send them one by one"],
  [
    "send --text= --to HUB",
    "nothing to send: the text is empty",
    'write it behind --text, as in --text "back at nine"',
  ],
  ["send a --text b --to HUB", "--text is sent instead of a file, and a file is given too"],
  [
    "send a --to HUB --limit fast",
    'cannot read rate "fast"',
    "write a rate as 500kB/s or 5MB/s",
  ],
  [
    "send a --to HUB --give-up 5",
    'cannot read duration "5"',
    "write a duration as 60s, 10m, 1h30m or 7d",
  ],
  [
    "send a --to HUB:99999",
    "port 99999 is out of range (1–65535)",
  ],
  [
    "send a --to a/b",
    'cannot read the address "a/b": "a/b" is not a host name or an IP address',
    "write it as HOST:PORT, for example 192.168.1.20:8080 or [::1]:8080",
  ],
  ["send a --to HUB --name=", 'cannot take the name "": it is empty'],
  [
    "send a --to HUB --wait soon",
    'cannot read --wait "soon": it is one of stored, delivered',
    HELP,
  ],
  ["serve here", "too many arguments for 'serve'. Expected 0 arguments but got 1: here.", HELP],
  [
    "serve --accept ask",
    "cannot ask for every offer: there is no terminal",
    "use --accept all or --accept known",
  ],
  [
    "serve --types image,movie",
    'cannot read --types "image,movie": "movie" is not a kind',
    "kinds are image, csv, json, file",
  ],
  [
    "serve --max-file-size big",
    'cannot read size "big"',
    "write a size as 500kB, 2GB or 1.5MiB; the most is 9007199254740991",
  ],
  [
    "serve --keep 91d",
    'cannot keep files for "91d": 90 days are the most',
    "write --keep 90d or less",
  ],
  ["serve --port http", 'cannot read the port of "http": "http" is not a number'],
  [
    "serve --on-conflict ask",
    'cannot read --on-conflict "ask": it is one of rename, skip, overwrite',
    HELP,
  ],
];

Deno.test("a command line that makes no sense exits 2, and says what is wrong", async () => {
  await using scene = await Scene.open();
  for (const [args, message, hint] of USAGE) {
    assertFails(await program(scene, args), { code: 2, lines: [message, hint] });
  }
});

/** The commands with `--name`, and what else they want. */
const NAMED = ["send a.txt --to HUB", "join", "receive", "peers", "status", "serve", "id"];

Deno.test("a name that nobody would take is a usage error of every command", async () => {
  await using scene = await Scene.open();
  for (const line of NAMED) {
    const home = await scene.home("ana");
    const args = [...line.split(" "), "--name", "a\tb"];
    await using running = new Program(args, { home });
    assertFails(await running.finished, {
      code: 2,
      lines: ['cannot take the name "a\\u{9}b": it holds control or invisible characters'],
    });
  }
});

Deno.test("a hub that is not there exits 3", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await scene.stopHub("SIGKILL");
  assertFails(await scene.send(["a.txt"]), {
    code: 3,
    lines: [
      `cannot connect to ${scene.to}: connection refused`,
      "start a hub there with `p2p serve`",
    ],
  });
  const [failed, done] = eventsOf(await scene.send(["a.txt", "--json"]));
  assert.deepEqual([failed!.event, failed!.exit], ["failed", 3]);
  assert.deepEqual([done!.event, done!.delivered, done!.failed], ["done", 0, 1]);
});

Deno.test("something else than a hub exits 3, and an address that says nothing does not hang", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await listener.accept();
    await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await conn.read(new Uint8Array(100));
  })();
  const { code, stderr } = await scene.send(["a.txt", "--to", `127.0.0.1:${listener.addr.port}`]);
  assert.equal(
    stderr,
    "error: what answers there is not p2p\nhint: check the address and the port\n",
  );
  assert.equal(code, 3);
  await serving;
});

Deno.test("a key that changed exits 4, and says what it was and where it is kept", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt"])).code, 0);
  await scene.stopHub("SIGKILL");
  await scene.startHub("another hub");
  const { code, stderr } = await scene.send(["a.txt"]);
  const [error, hint] = stderr.split("\n");
  const print = "[a-z2-7-]{23}";
  assert.match(
    error!,
    new RegExp(
      `^error: the key of the hub at ${scene.to} has changed: it was ${print}, it is ${print}$`,
    ),
  );
  assert.match(hint!, /^hint: somebody may be in between\. .*`p2p trust forget 127\.0\.0\.1:\d+`/);
  assert.equal(code, 4);
  assert.deepEqual(scene.names(), ["a.txt"]);
});

const beyond = Object.values(networkInterfaces()).flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

Deno.test({
  name: "a hub beyond loopback is not trusted without --trust-new, and from then on it is",
  ignore: beyond === undefined, // This machine has no address but loopback.
}, async () => {
  await using scene = await Scene.open({ serve: ["--host", "0.0.0.0", "--open"], plain: true });
  assert.equal(
    await scene.hub.errorLine("warning"),
    "warning: anybody who can reach this address can send files here",
  );
  await scene.write("a.txt", "a");
  const to = ["a.txt", "--to", `${beyond}:${scene.port}`];
  const print = (await scene.hub.line("fingerprint")).split(/\s+/)[2];
  assertFails(await scene.send(to), {
    code: 4,
    lines: [
      `the hub at ${beyond}:${scene.port} is not known: its fingerprint is ${print}`,
      "compare that with what `p2p serve` shows there, then run the line again with --trust-new",
    ],
  });
  assert.deepEqual(scene.names(), []);
  assert.equal((await scene.send([...to, "--trust-new"])).code, 0);
  assert.equal((await scene.send(to)).code, 0);
});

Deno.test("--accept known refuses a stranger with exit code 4", async () => {
  await using scene = await Scene.open({ serve: ["--accept", "known"], plain: true });
  await scene.write("a.txt", "a");
  const { code, stderr } = await scene.send(["a.txt", "--quiet"]);
  assert.match(
    stderr,
    /^error: "ana" \([a-z2-7-]{23}\) is not known here, and only known people are accepted\n$/,
  );
  assert.equal(code, 4);
  assert.match(
    await scene.hub.errorLine("not known"),
    /^127\.0\.0\.1: "ana" \(.*\) is not known here/,
  );
});

Deno.test("a name that no receiver takes exits 5 before anything is sent", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  assertFails(await scene.send(["a.txt", "--as", "../a", "--quiet"]), {
    code: 5,
    lines: [
      'cannot send it as "../a": a name cannot contain "/"',
      "give it another name with `--as NAME`",
    ],
  });
  assert.deepEqual(await scene.stopHub("SIGINT").then((hub) => eventsOf(hub, "offered")), []);
});

Deno.test("a source that cannot be sent exits 5, at once", async () => {
  await using scene = await Scene.open();
  await new Deno.Command("mkfifo", { args: [join(scene.files, "fifo")] }).output();
  assertFails(await scene.send(["missing.txt", "--quiet"]), {
    code: 5,
    lines: ['cannot send "missing.txt": no such file or folder', "check the path"],
  });
  assertFails(await scene.send(["fifo", "--quiet"]), {
    code: 5,
    lines: ['cannot send "fifo": it is a FIFO', "send its output: `… | p2p send - --as NAME`"],
  });
});

Deno.test({
  name: "a file and a folder that may not be read exit 5",
  ignore: Deno.uid() === 0, // Nothing is forbidden to root.
}, async () => {
  await using scene = await Scene.open();
  await scene.write("secret", "a");
  await scene.write("folder/closed/a", "a");
  await Deno.chmod(join(scene.files, "secret"), 0);
  await Deno.chmod(join(scene.files, "folder/closed"), 0);
  for (const [name, path] of [["secret", "secret"], ["folder", "folder/closed"]] as const) {
    const error = `cannot read "${join(scene.files, path)}": permission denied`;
    assertFails(await scene.send([name, "--quiet"]), { code: 5, lines: [error] });
  }
  await Deno.chmod(join(scene.files, "folder/closed"), 0o700);
});

Deno.test("a file that changes while it is sent exits 5, and nothing is published", async () => {
  await using scene = await Scene.open();
  await scene.write("log.txt", sampleBytes(2_000_000));
  await using sender = await scene.sending(["log.txt", "--limit", "2MB/s", "--quiet"]);
  await scene.hub.event("progress");
  await Deno.writeTextFile(join(scene.files, "log.txt"), "one more line", { append: true });
  assertFails(await sender.finished, {
    code: 5,
    lines: [
      '"log.txt" changed while it was sent',
      "send it when nothing writes to it any more, or as it is now: with `--snapshot`, " +
      "or by `cat FILE | p2p send - --as NAME`",
    ],
  });
  const { reason } = await scene.hub.event("interrupted");
  assert.equal(reason, '"log.txt" changed while it was sent');
  assert.deepEqual(scene.names(), []);
  await scene.cleared();
});

Deno.test("a port that is in use exits 5", async () => {
  await using scene = await Scene.open();
  assertFails(await program(scene, `serve --port ${scene.port}`), {
    code: 5,
    lines: [
      `cannot listen on ${scene.to}: the port is in use`,
      "choose another port, or --port 0 for a free one",
    ],
  });
});

Deno.test("keys that others may read exit 5", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await scene.send(["a.txt"]);
  const key = join(await scene.home("ana"), "identity.json");
  await Deno.chmod(key, 0o644);
  assertFails(await scene.send(["a.txt"]), {
    code: 5,
    lines: [`cannot use "${key}": others may read it (mode 644)`, `run \`chmod 600 "${key}"\``],
  });
});

Deno.test("of several files the worst code counts, each failure is named, and the others arrive", async () => {
  await using scene = await Scene.open({ serve: ["--types", "csv"] });
  await scene.write("good.csv", "a,b\n");
  await scene.write("note.txt", "no table");
  const refused = await scene.send(["good.csv", "note.txt", "--json"]);
  assert.equal(refused.code, 4);
  const worse = await scene.send(["missing", "note.txt", "good.csv", "--json"]);
  assert.equal(worse.code, 5);
  const failed = eventsOf(worse, "failed").map(({ name, exit }) => [name, exit]);
  assert.deepEqual(failed.sort(), [["missing", 5], ["note.txt", 4]]);
  assert.deepEqual(eventsOf(worse, "done")[0]!.failed, 2);
  assert.equal(worse.stderr.match(/^error: /gm)!.length, 2);
  assert.deepEqual(scene.names(), ["good.csv"], "it was there already the second time");
});

Deno.test("Ctrl-C exits 130, and is told once for all files", async () => {
  await using scene = await Scene.open();
  const names = ["1", "2", "3", "4", "5"];
  for (const name of names) await scene.write(name, sampleBytes(3_000_000));
  await using sender = await scene.sending([...names, "--limit", "1MB/s", "--quiet"]);
  // So much that credit for some of it is back at the sender.
  await scene.hub.event("progress", ({ bytes }) => bytes > 2_000_000);
  sender.kill("SIGINT");
  const { code, stdout, stderr } = await sender.finished;
  assert.match(
    stderr,
    /^stopped at [\d.]+ [KM]B of 15\.0 MB \(\d+ %\)\nhint: run the same line again: it goes on where it stopped\n$/,
  );
  assert.deepEqual([code, stdout], [130, ""]);
});

/** Runs the program with words that have a space between them. */
async function program(scene: Scene, line: string): Promise<Finished> {
  const args = line.split(" ").filter((word) => word !== "");
  await using program = new Program(args, { home: await scene.home("ana"), cwd: scene.files });
  return await program.finished;
}

/** Nothing on stdout, and on stderr the error and its hint alone. */
function assertFails(
  { code, stdout, stderr }: Finished,
  expected: { code: number; lines: (string | undefined)[] },
) {
  const [message, hint] = expected.lines;
  assert.equal(stderr, `error: ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`);
  assert.equal(stdout, "");
  assert.equal(code, expected.code);
}
