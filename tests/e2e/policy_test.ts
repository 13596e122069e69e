import assert from "node:assert/strict";
import { samplePng } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { eventsOf, Program, run } from "./program.ts";
import { Scene } from "./scene.ts";

const POLICY = `rules:
  - refuse: { min-size: 2MB }
    reason: nothing over 2 MB in the afternoon
  - allow: { to: hub, kind: image }
  - allow: { from: known, to: hub }
  - allow: { from: ana, to: ben }
`;

Deno.test("a policy decides what the hub takes, and says why not", async () => {
  await using policy = await policyFile(POLICY);
  await using scene = await Scene.open({ serve: ["--policy", policy.join("policy.yaml")] });
  await scene.write("photo.png", samplePng(8, 8));
  await scene.write("a.txt", "a");
  await scene.write("big.png", new Uint8Array(2_000_001));
  assert.equal((await scene.send(["photo.png"])).code, 0);
  const text = await scene.send(["a.txt", "--quiet"]);
  assert.deepEqual([text.code, text.stderr], [
    4,
    `error: "a.txt" was refused: the hub's policy has no rule that allows it\n`,
  ]);
  const big = await scene.send(["big.png", "--quiet"]);
  assert.deepEqual([big.code, big.stderr], [
    4,
    'error: "big.png" was refused: nothing over 2 MB in the afternoon\n',
  ]);
  const id = await run(["id", "--json"], { home: await scene.home("ana") });
  const { key } = eventsOf(id, "identity")[0]!;
  await run(["trust", "add", "ana", key], { home: await scene.home("hub") });
  assert.equal((await scene.send(["a.txt"])).code, 0);
});

Deno.test("a policy decides what is relayed, by whose key it is and not by what it calls itself", async () => {
  await using policy = await policyFile(POLICY);
  await using scene = await Scene.open({ serve: ["--policy", policy.join("policy.yaml")] });
  await scene.write("a.txt", "a");
  const join = async (name: string) => {
    const args = ["join", scene.to, "--name", name, "--json", "--dir", `${scene.dir}/${name}`];
    const program = new Program(args, { home: await scene.home(name) });
    await program.event("connected");
    return program;
  };
  await using ben = await join("ben");
  await using _zoe = await join("zoe");
  // Nobody owns the name yet: saying it proves nothing.
  const claimed = await scene.send(["a.txt", "--peer", "ben", "--quiet"]);
  assert.equal(claimed.code, 4);
  assert.match(claimed.stderr, /no rule that allows it/);
  await using _ana = await join("ana");
  assert.equal((await scene.send(["a.txt", "--peer", "ben", "--quiet"])).code, 0);
  assert.equal((await ben.event("received")).from, "ana");
  const other = await scene.send(["a.txt", "--peer", "zoe", "--quiet"]);
  assert.equal(other.code, 4);
  const both = await scene.send(["a.txt", "--peer", "zoe", "--peer", "ben", "--json"]);
  assert.deepEqual([both.code, eventsOf(both, "delivered").map(({ to }) => to)], [4, ["ben"]]);
});

Deno.test("explain names the rule that decides", async () => {
  await using policy = await policyFile(POLICY);
  const explain = async (line: string) => {
    const args = ["explain", "--json", "--policy", policy.join("policy.yaml"), ...line.split(" ")];
    const finished = await run(args, { home: policy.path });
    const { allowed, line: at } = eventsOf(finished, "explained")[0]!;
    assert.equal(finished.code, allowed === false ? 4 : 0, finished.stderr);
    return [allowed, at];
  };
  assert.deepEqual(await explain("--from eve --kind image --size 1kB"), [true, 4]);
  assert.deepEqual(await explain("--from eve --kind csv --size 1kB"), [false, null]);
  assert.deepEqual(await explain("--from eve --kind csv --size 1kB --known"), [true, 5]);
  assert.deepEqual(await explain("--from ana --to ben --kind image --size 3GB"), [false, 2]);
  assert.deepEqual(await explain("--from ana --to ben --size 1kB"), [true, 6]);
  assert.deepEqual(await explain("--from ana --to ben"), [null, null]);
  assert.deepEqual(await explain("--from eve --to ben"), [false, null]);
  const plain = await run(
    ["explain", "--policy", "policy.yaml", "--from", "ana", "--to", "ben", "--size", "3GB"],
    { home: policy.path },
  );
  assert.equal(
    plain.stdout,
    'refused: the rule in line 2 of "policy.yaml" (nothing over 2 MB in the afternoon)\n',
  );
  const ofAnySize = await run(
    ["explain", "--policy", "policy.yaml", "--from", "ana", "--to", "ben"],
    { home: policy.path },
  );
  assert.deepEqual([ofAnySize.code, ofAnySize.stdout.split("\n")], [0, [
    "depends on the size (one that is not known is above all):",
    '  from 0 B  allowed: the rule in line 6 of "policy.yaml"',
    '  from 2.0 MB  refused: the rule in line 2 of "policy.yaml" (nothing over 2 MB in the afternoon)',
    "",
  ]]);
});

Deno.test("a policy with a mistake exits 2 with line and column, and no hub starts", async () => {
  await using policy = await policyFile("rules:\n  - allow: { kind: movie }\n");
  const path = policy.join("policy.yaml");
  const message =
    `error: cannot use the policy "${path}": line 2, column 20: "movie" is not a kind: kinds are image, csv, json, file\n`;
  for (const line of [["serve", "--port", "0"], ["explain", "--from", "ana"]]) {
    const { code, stdout, stderr } = await run([...line, "--policy", path], { home: policy.path });
    assert.deepEqual([code, stdout, stderr], [2, "", message]);
  }
  const missing = await run(["serve", "--policy", "/nowhere"], { home: policy.path });
  assert.equal(missing.code, 5);
});

async function policyFile(text: string): Promise<TempDir> {
  const dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("policy.yaml"), text);
  return dir;
}
