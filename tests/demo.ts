/**
 * The demo: a hub, and three files that are sent to it. Everything is real: `p2p serve` and `p2p send` run as they would
 * for a person, over TCP on this machine, and at the end the bytes are compared.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, run } from "./e2e/program.ts";
import { sampleCsv, sampleJson, samplePng } from "./helpers/sample_files.ts";

const files = {
  "sunset.png": samplePng(160, 100),
  "stations.csv": sampleCsv(40),
  "trip.json": sampleJson(),
};

const dir = await Deno.makeTempDir({ prefix: "p2p-demo-" });
try {
  await demo(dir);
} finally {
  await Deno.remove(dir, { recursive: true });
}

async function demo(dir: string) {
  const [homes, sent, received] = [join(dir, "homes"), join(dir, "files"), join(dir, "received")];
  for (const folder of [join(homes, "rack"), join(homes, "ana"), sent]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(join(sent, name), bytes);

  say("A hub, on a free port of this machine:");
  show("p2p serve --port 0 --name rack --dir received");
  await using hub = new Program(["serve", "--port", "0", "--name", "rack", "--dir", "received"], {
    home: join(homes, "rack"),
    cwd: dir,
  });
  const to = /127\.0\.0\.1:\d+/.exec(await hub.line("to send"))![0];

  say("Ana sends it a picture, a table and a document:");
  const args = ["send", ...Object.keys(files), "--to", to, "--name", "ana"];
  show(`p2p ${args.join(" ")}`);
  const sending = await run(args, { home: join(homes, "ana"), cwd: sent });
  indent(sending.stderr + sending.stdout);
  assert.equal(sending.code, 0, "`p2p send` failed");

  for (const [name, bytes] of Object.entries(files)) {
    assert.deepEqual(
      await Deno.readFile(join(received, name)),
      bytes,
      `${name} is not what was sent`,
    );
  }
  hub.kill("SIGINT");
  const { stdout, stderr } = await hub.finished;
  say("What the hub has shown meanwhile, until Ctrl-C:");
  indent(stdout + stderr);
  say(`All ${Object.keys(files).length} files arrived, byte for byte. Nothing is left behind.`);
}

function say(text: string) {
  console.log(`\n${text}`);
}

function show(line: string) {
  console.log(`  $ ${line}`);
}

function indent(text: string) {
  console.log(text.trimEnd().split("\n").map((line) => `  ${line}`).join("\n"));
}
