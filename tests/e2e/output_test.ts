import assert from "node:assert/strict";
import { sampleBytes } from "../helpers/sample_files.ts";
import { run } from "./program.ts";
import { Scene } from "./scene.ts";

/** What may differ from run to run, as words. */
function settled(text: string): string {
  return text.replaceAll(/127\.0\.0\.1:\d+/g, "HUB")
    .replaceAll(/[a-z2-7]{5}(-[a-z2-7]{5}){3}/g, "FINGERPRINT")
    .replaceAll(/\d+(\.\d+)? (ms|s)\b/g, "TIME")
    .replaceAll(/\d+(\.\d+)? [KMG]?B\/s/g, "RATE");
}

Deno.test("off a terminal both sides print plain lines, and nothing else", async () => {
  await using scene = await Scene.open({ plain: true });
  await scene.write("table.csv", "a,b\n1,2\n");
  await scene.write("big.bin", sampleBytes(12_000_000));
  await scene.write("folder/x.json", "{}");
  const sent = [
    await scene.send(["table.csv"]),
    await scene.send(["big.bin"]),
    await scene.send(["folder"]),
    await scene.send(["table.csv"]),
  ];
  await scene.write("table.csv", "a,b\n3,4\n");
  sent.push(await scene.send(["table.csv"]));
  assert.equal(
    settled(sent.map(({ stderr }) => stderr).join("")),
    "HUB is new: its key FINGERPRINT is remembered\n",
  );
  assert.deepEqual(settled(sent.map(({ stdout }) => stdout).join("")).split("\n"), [
    "delivered table.csv to rack (8 B in TIME, latency TIME)",
    "delivered big.bin to rack (12.0 MB in TIME, RATE, latency TIME)",
    "delivered folder to rack (folder of 1 file, 2 B in TIME, latency TIME)",
    "delivered table.csv to rack (8 B, it was there already)",
    'delivered table.csv to rack as "table (1).csv" (8 B in TIME, latency TIME)',
    "",
  ]);
  await scene.cleared();
  const hub = await scene.stopHub("SIGINT");
  assert.deepEqual(settled(hub.stdout).replaceAll(scene.received, "DIR").split("\n"), [
    "Server initialized",
    "  address      HUB",
    "  reached by   this machine alone (your network: p2p serve --lan)",
    "  name         rack",
    "  fingerprint  FINGERPRINT",
    "  to send      p2p send FILE --to HUB",
    "received table.csv from ana (csv, 8 B in TIME, latency TIME) -> DIR/table.csv",
    "received big.bin from ana (file, 12.0 MB in TIME, RATE, latency TIME) -> DIR/big.bin",
    "received folder from ana (folder of 1 file, 2 B in TIME, latency TIME) -> DIR/folder",
    "already here table.csv from ana (8 B) -> DIR/table.csv",
    "received table.csv from ana (csv, 8 B in TIME, latency TIME) -> DIR/table (1).csv",
    "",
  ]);
  assert.equal(
    hub.stderr,
    "stopped\n",
  );
  assert.equal(hub.code, 130);
  const all = [...sent, hub].map(({ stdout, stderr }) => stdout + stderr).join("");
  assert.doesNotMatch(all, /[^\P{Cc}\n]/u);
});

Deno.test("--quiet leaves results and errors", async () => {
  await using scene = await Scene.open({ plain: true, serve: ["--quiet"] });
  await scene.write("a.txt", "a");
  const { code, stdout, stderr } = await scene.send(["a.txt", "missing", "--quiet"]);
  assert.equal(settled(stdout), "delivered a.txt to rack (1 B in TIME, latency TIME)\n");
  assert.equal(
    stderr,
    'error: cannot send "missing": no such file or folder\nhint: check the path\n',
  );
  assert.equal(code, 5);
  assert.equal((await scene.stopHub("SIGINT")).stderr, "");
});

Deno.test("--help and --version go to stdout, with exit code 0", async () => {
  await using scene = await Scene.open();
  const home = await scene.home("new");
  for (
    const [args, expected] of [
      [["--version"], /^\d+\.\d+\.\d+\n$/],
      [["--help"], /^Usage: p2p [^]*serve[^]*send/],
      [["serve", "--help"], /^Usage: p2p serve[^]*--on-conflict/],
      [["send", "--help"], /^Usage: p2p send[^]*--give-up/],
    ] as const
  ) {
    const { code, stdout, stderr } = await run([...args], { home });
    assert.match(stdout, expected);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }
  assert.deepEqual([...Deno.readDirSync(home)], []);
});
