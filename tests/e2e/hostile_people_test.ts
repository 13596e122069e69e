import assert from "node:assert/strict";
import { RawPeer } from "../helpers/raw_peer.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf, run } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("nobody goes by a word that stands for others, nor by somebody's fingerprint", async () => {
  await using dir = await TempDir.make();
  const policy = dir.join("policy.yaml");
  await Deno.writeTextFile(policy, "rules:\n  - allow: { from: known }\n");
  await using scene = await Scene.open({ serve: ["--policy", policy] });
  await scene.write("a.txt", "a");
  const { fingerprint } = await identity(scene, "hub");
  for (const name of ["known", "Known", "hub", "ALL", "anybody", "people", fingerprint, "@ops"]) {
    const args = ["join", scene.to, "--name", name, "--dir", scene.received];
    const joined = await run(args, { home: await scene.home("mallory") });
    assert.deepEqual(
      [joined.code, /stands for something else/.test(joined.stderr)],
      [4, true],
      name,
    );
    assert.equal((await scene.send(["a.txt", "--name", name], { as: "mallory" })).code, 4, name);
  }
});

Deno.test("a name that the hub's user vouches for belongs to that key, also after somebody joined under it", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using mallory = await Joiner.join(scene, "Ana", { as: "mallory" });
  const { key } = await identity(scene, "ana");
  assert.equal(
    (await run(["trust", "add", "ana", key], { home: await scene.home("hub") })).code,
    0,
  );
  const claimed = await scene.send(["a.txt", "--name", "ANA"], { as: "mallory" });
  assert.equal(claimed.code, 4);
  assert.match(claimed.stderr, /the name "ANA" belongs to somebody else here/);
  await mallory.stop("SIGINT");
  await using _ = await Joiner.join(scene, "ana");
  assert.equal((await scene.send(["a.txt"])).code, 0);
  const peers = eventsOf(await scene.ask("peers", ["--json"]), "peer");
  assert.deepEqual(peers.map(({ name }) => name), ["ana"]);
});

Deno.test("who came in under a name before its owner offers nothing under it, directly or by relay", async () => {
  await using scene = await Scene.open();
  using mallory = await RawPeer.connect(scene.port, { name: "ana" });
  await mallory.receive(); // The welcome: the name was free.
  await using _ = await Joiner.join(scene, "ana");
  await mallory.send(mallory.offerOf(10));
  const answer = await mallory.answer();
  assert.deepEqual([answer?.type, answer?.type === "refuse" && answer.code], ["refuse", "person"]);
  assert.deepEqual(scene.names(), []);
});

Deno.test("a rule that refuses a name holds for its key, and one that names nobody is a mistake in the file", async () => {
  await using dir = await TempDir.make();
  const policy = dir.join("policy.yaml");
  const write = (rules: string) => Deno.writeTextFile(policy, `rules:\n${rules}  - allow:\n`);
  await write("");
  await using scene = await Scene.open({ serve: ["--policy", policy] });
  await scene.write("a.txt", "a");
  await scene.stopHub("SIGINT");
  await write("  - refuse: { from: mallory }\n");
  const args = ["serve", "--port", "0", "--policy", policy, "--dir", scene.received];
  const wrong = await run(args, { home: await scene.home("hub") });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /line 2 refuses "mallory", and nobody here has that name\nhint: /);
  await write("");
  await scene.startHub();
  await using joined = await Joiner.join(scene, "mallory");
  await joined.stop("SIGINT");
  await scene.stopHub("SIGINT");
  await write("  - refuse: { from: mallory }\n");
  await scene.startHub();
  for (const name of ["mallory", "Mallory", "mallory2"]) {
    const sent = await scene.send(["a.txt", "--name", name], { as: "mallory" });
    assert.equal(sent.code, 4, name);
  }
  assert.equal((await scene.send(["a.txt"])).code, 0);
});

async function identity(scene: Scene, who: string) {
  const finished = await run(["id", "--json"], { home: await scene.home(who) });
  return eventsOf(finished, "identity")[0]!;
}
