import assert from "node:assert/strict";
import { eventsOf, type Finished, Program, run } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("id shows name, fingerprint, words and key, and changes the name alone", async () => {
  await using scene = await Scene.open();
  const before = await identity(scene, "ana");
  assert.match(before.fingerprint, /^[a-z2-7]{5}(-[a-z2-7]{5}){3}$/);
  assert.equal(before.words.length, 9);
  assert.match(before.key, /^[0-9a-f]{64}$/);
  const renamed = await identity(scene, "ana", ["--name", "Ana María"]);
  assert.deepEqual({ ...renamed, time: "" }, { ...before, name: "Ana María", time: "" });
  assert.equal((await identity(scene, "ana")).name, "Ana María");
  const { stdout } = await p2p(scene, "ana", ["id"]);
  assert.match(
    stdout,
    /^name {9}Ana María\nfingerprint {2}.*\nin words {5}.*\nkey {10}[0-9a-f]{64}\n$/,
  );
  assert.equal((await p2p(scene, "ana", ["id", "--name", "a\u0007"])).code, 2);
  await scene.write("a.txt", "a");
  const { hub } = scene;
  await p2p(scene, "ana", ["send", `${scene.files}/a.txt`, "--to", scene.to]);
  assert.equal((await hub.event("received")).from, "Ana María");
});

Deno.test("trust lists, adds, renames and forgets people, and forgets hubs", async () => {
  await using scene = await Scene.open();
  const { key, fingerprint } = await identity(scene, "ben");
  const trust = (...args: string[]) => p2p(scene, "ana", ["trust", ...args]);
  assert.equal((await trust()).stdout, "");
  assert.equal((await trust("add", "ben", key)).stdout, `remembered ben (${fingerprint})\n`);
  await scene.write("a.txt", "a");
  await scene.send(["a.txt"]);
  const [ben, hub, ...others] = eventsOf(await trust("--json"));
  assert.deepEqual([ben!.person, ben!.fingerprint, ben!.via], ["ben", fingerprint, "hand"]);
  assert.deepEqual([hub!.hub, others], [scene.to, []]);
  assert.match(
    (await trust()).stdout,
    new RegExp(`^ben +${fingerprint}  verified by you, since .*\n`),
  );
  assert.equal((await trust("rename", "ben", "Benno")).code, 0);
  assert.deepEqual(eventsOf(await trust("--json")).map(({ person }) => person), [
    "Benno",
    undefined,
  ]);
  assert.equal((await trust("forget", "Benno")).code, 0);
  assert.equal((await trust("forget", scene.to)).code, 0);
  assert.equal((await trust()).stdout, "");
  assertFails(await trust("forget", "ben"), {
    code: 4,
    lines: ['nobody called "ben" is known here', "see who is with `p2p trust`"],
  });
  assert.equal((await trust("add", "ben", "short")).code, 2);
  assert.equal((await trust("add", "", key)).code, 2);
  assert.equal((await trust("remove", "ben")).code, 2);
});

Deno.test("trust add makes somebody known to --accept known", async () => {
  await using scene = await Scene.open({ serve: ["--accept", "known"] });
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt"])).code, 4);
  const { key } = await identity(scene, "ana");
  assert.equal((await p2p(scene, "hub", ["trust", "add", "ana", key])).code, 0);
  assert.equal((await scene.send(["a.txt"])).code, 0);
});

Deno.test("trust verify shows both sides the same words, and others for anybody in between", async () => {
  await using scene = await Scene.open();
  for (const [who, other] of [["ana", "ben"], ["ben", "ana"], ["ana", "eve"]] as const) {
    const { key } = await identity(scene, other);
    await p2p(scene, who, ["trust", "add", other, key]);
  }
  const words = async (who: string, other: string) => {
    const { stdout, code } = await p2p(scene, who, ["trust", "verify", other]);
    assert.equal(code, 0);
    assert.match(stdout, /^[a-z]+( [a-z]+){7}\n$/);
    return stdout;
  };
  assert.equal(await words("ana", "ben"), await words("ben", "ana"));
  assert.notEqual(await words("ana", "ben"), await words("ana", "eve"));
  assert.equal((await p2p(scene, "ana", ["trust", "verify", "zoe"])).code, 4);
});

Deno.test("a person whose key changed is a hard stop, and the line that is named forgets the old key", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using ben = new Program(["join", scene.to, "--name", "ben", "--json"], {
    home: await scene.home("ben"),
  });
  await ben.event("connected");
  const vouched = await identity(scene, "other ben");
  await p2p(scene, "ana", ["trust", "add", "ben", vouched.key]);
  const refused = await scene.send(["a.txt", "--peer", "ben", "--quiet"]);
  const is = (await identity(scene, "ben")).fingerprint;
  assertFails(refused, {
    code: 4,
    lines: [
      `the key of "ben" has changed: it was ${vouched.fingerprint}, it is ${is}`,
      "the hub may be lying. If the change is right, run `p2p trust forget ben`",
    ],
  });
  assert.equal((await p2p(scene, "ana", ["trust", "forget", "ben"])).code, 0);
  assert.equal((await scene.send(["a.txt", "--peer", "ben", "--quiet"])).code, 0);
});

Deno.test("a hub whose key changed is taken again after the line that is named", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await scene.send(["a.txt"]);
  await scene.stopHub("SIGKILL");
  await scene.startHub("another hub");
  const { code, stderr } = await scene.send(["a.txt"]);
  assert.equal(code, 4);
  const line = /`p2p (trust forget [^`]+)`/.exec(stderr)![1]!;
  assert.equal((await p2p(scene, "ana", line.split(" "))).code, 0);
  assert.equal((await scene.send(["a.txt"])).code, 0);
});

async function p2p(scene: Scene, who: string, args: string[]): Promise<Finished> {
  return await run(args, { home: await scene.home(who) });
}

async function identity(scene: Scene, who: string, args: string[] = []) {
  return eventsOf(await p2p(scene, who, ["id", "--json", ...args]), "identity")[0]!;
}

function assertFails(
  { code, stdout, stderr }: Finished,
  expected: { code: number; lines: [message: string, hint: string] },
) {
  const [message, hint] = expected.lines;
  assert.equal(stderr, `error: ${message}\nhint: ${hint}\n`);
  assert.deepEqual([code, stdout], [expected.code, ""]);
}
