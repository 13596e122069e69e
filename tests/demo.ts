// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * The demo: a hub, files that are sent to it, and three people who meet there. Everything is real: `p2p serve`, `send`,
 * `join` and `peers` run as they would for a person, over TCP on this machine, and at the end all bytes are compared.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, run } from "./e2e/program.ts";
import { sampleCsv, sampleJson, samplePng } from "./helpers/sample_files.ts";

const files: Record<string, Uint8Array> = {
  "sunset.png": samplePng(160, 100),
  "stations.csv": sampleCsv(40),
  "trip.json": sampleJson(),
};

const dir = await Deno.makeTempDir({ prefix: "p2p-demo-" });
try {
  await demo();
} finally {
  await Deno.remove(dir, { recursive: true });
}

async function demo() {
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.mkdir(join(dir, "ana"), { recursive: true });
    await Deno.writeFile(join(dir, "ana", name), bytes);
  }
  say("A hub, on a free port of this machine. It shows what arrives.");
  const hub = await start("hub", [
    "serve",
    "--port",
    "0",
    "--name",
    "rack",
    "--preview",
    "always",
    "--preview-rows",
    "5",
  ]);
  await using _hub = hub;
  const to = /127\.0\.0\.1:\d+/.exec(await hub.line("to send"))![0];

  say("Ana sends it a picture, a table and a document:");
  await runAs("ana", ["send", ...Object.keys(files), "--to", to, "--name", "ana"]);
  await compare("hub");

  say("Bo and Cy join the hub by name:");
  const bo = await start("bo", ["join", to, "--name", "bo", "--preview", "never"]);
  await using _bo = bo;
  const cy = await start("cy", ["join", to, "--name", "cy", "--preview", "never"]);
  await using _cy = cy;
  await Promise.all([bo.line("joined rack"), cy.line("joined rack")]);
  await runAs("ana", ["peers", to]);

  say("Ana sends the picture to Bo, sealed so that the hub cannot see it:");
  await runAs("ana", ["send", "sunset.png", "--peer", "bo", "--to", to, "--name", "ana"]);
  say("… and the rest to everybody, with one upload:");
  await runAs("ana", ["send", "stations.csv", "trip.json", "--all", "--to", to, "--name", "ana"]);
  await compare("bo");

  say("Cy leaves. What is sent to Cy now waits at the hub:");
  await stop(cy);
  await runAs("ana", ["send", "sunset.png", "--peer", "cy", "--to", to, "--name", "ana"]);
  const cyAgain = await start("cy", ["join", to, "--name", "cy", "--preview", "never"]);
  await using _cyAgain = cyAgain;
  await cyAgain.line("received sunset.png");
  await compare("cy");

  await Promise.all([stop(bo), stop(cyAgain)]);
  say("What the hub has shown meanwhile, until Ctrl-C:");
  await stop(hub);
  say(`All of it arrived, byte for byte. Nothing is left behind.`);
}

/** Starts a program that goes on, in a folder and with a home of its own. */
async function start(who: string, args: string[]): Promise<Program> {
  show(who, args);
  await Deno.mkdir(join(dir, who, "home"), { recursive: true });
  return new Program(args, { home: join(dir, who, "home"), cwd: join(dir, who) });
}

/** Runs a program to its end and shows what a person would see. */
async function runAs(who: string, args: string[]) {
  show(who, args);
  await Deno.mkdir(join(dir, who, "home"), { recursive: true });
  const { code, stdout, stderr } = await run(args, {
    home: join(dir, who, "home"),
    cwd: join(dir, who),
  });
  indent(stderr + stdout);
  assert.equal(code, 0, `p2p ${args[0]} failed`);
}

/** Ctrl-C, and what it had shown. */
async function stop(program: Program) {
  program.kill("SIGINT");
  const { stdout, stderr } = await program.finished;
  indent(stdout + stderr);
}

async function compare(who: string) {
  for (const [name, bytes] of Object.entries(files)) {
    const received = await Deno.readFile(join(dir, who, "received", name));
    assert.ok(bytes.every((byte, i) => byte === received[i]), `${name} is not what was sent`);
    assert.equal(received.length, bytes.length, `${name} has another length`);
  }
}

function say(text: string) {
  console.log(`\n${text}`);
}

function show(who: string, args: string[]) {
  console.log(`  ${who} $ p2p ${args.join(" ")}`);
}

function indent(text: string) {
  if (text !== "") console.log(text.trimEnd().split("\n").map((line) => `  ${line}`).join("\n"));
}
