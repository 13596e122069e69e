import assert from "node:assert/strict";
import { addPerson } from "../../../src/home/known_people.ts";
import type { OnConflict } from "../../../src/storage/part/part.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import { sha256 } from "../../helpers/tree.ts";
import { DirectScene } from "../direct_scene.ts";

const EVE = new Uint8Array(32).fill(5);
const CONTENT = "meet at nine";

let transfers = 0;

for (const onConflict of ["rename", "skip", "overwrite"] as const) {
  Deno.test(`AlreadyHere knows what the same sender brought, and nothing is made of it with ${onConflict}`, async () => {
    await using scene = await brought(onConflict);
    const before = Deno.statSync(scene.path("in", "plan.txt"));
    const again = await offer(scene, CONTENT);
    assert.deepEqual([again.already, again.savedAs], [true, "plan.txt"]);
    await scene.idle();
    assert.deepEqual(Deno.statSync(scene.path("in", "plan.txt")), before);
    assert.deepEqual([scene.names(), scene.parts], [["plan.txt"], 0]);
    const [event] = scene.received.filter(({ event }) => event === "already");
    assert.equal(event?.event === "already" && event.path, scene.path("in", "plan.txt"));
  });
}

Deno.test("AlreadyHere finds the numbered name that it was given", async () => {
  await using scene = await DirectScene.open();
  await Deno.writeTextFile(scene.path("in", "plan.txt"), "of somebody else");
  assert.equal((await offer(scene, CONTENT, { named: false })).savedAs, "plan (1).txt");
  await scene.idle();
  const again = await offer(scene, CONTENT);
  assert.deepEqual([again.already, again.savedAs], [true, "plan (1).txt"]);
});

/** What may happen to a file that came, and whether it is still the one that was brought. */
const CHANGES: Record<string, [change: (path: string) => void, isStill: boolean]> = {
  "a touch": [(path) => Deno.utimeSync(path, 1, 1), true],
  "another mode": [(path) => Deno.chmodSync(path, 0o600), true],
  "other content": [(path) => Deno.writeTextFileSync(path, "meet at ten!"), false],
  "other content with the old time": [rewrite, false],
  "more content": [(path) => Deno.writeTextFileSync(path, "!", { append: true }), false],
  "a folder in its place": [(path) => (Deno.removeSync(path), Deno.mkdirSync(path)), false],
  "a link in its place": [link, false],
  "its removal": [(path) => Deno.removeSync(path), false],
};

for (const [what, [change, isStill]] of Object.entries(CHANGES)) {
  Deno.test(`AlreadyHere after ${what}: ${isStill ? "it is still there" : "it comes anew"}`, async () => {
    await using scene = await brought();
    change(scene.path("in", "plan.txt"));
    const { already = false, savedAs } = await offer(scene, CONTENT);
    assert.equal(already, isStill);
    assert.equal(await Deno.readTextFile(scene.path("in", savedAs)), CONTENT);
  });
}

for (const onConflict of ["rename", "skip", "overwrite"] as const) {
  Deno.test(`AlreadyHere says nothing to another sender with ${onConflict}, whatever lies there`, async () => {
    for (const content of [CONTENT, "of no interest"]) {
      await using scene = await brought(onConflict);
      scene.senderId = EVE;
      for (const named of [true, false]) {
        const offered = offer(scene, content, { named });
        if (onConflict !== "skip") assert.equal((await offered).already, undefined);
        else {await assert.rejects(offered, {
            message: /: something of this name is there already/,
          });}
      }
    }
  });
}

Deno.test("AlreadyHere tells who is vouched for of a file that has the name, as it is", async () => {
  await using scene = await brought();
  scene.senderId = EVE;
  await addPerson(scene.path("home"), { name: "eve", key: EVE, via: "hand" });
  const known = await offer(scene, CONTENT);
  assert.deepEqual([known.already, known.savedAs], [true, "plan.txt"]);
  await Deno.writeTextFile(scene.path("in", "plan.txt"), "meet at ten!");
  assert.equal((await offer(scene, CONTENT)).savedAs, "plan (1).txt");
});

/** A receiver that has got the plan from somebody. */
async function brought(onConflict: OnConflict = "rename"): Promise<DirectScene> {
  const scene = await DirectScene.open({ onConflict });
  await offer(scene, CONTENT, { named: false });
  await scene.idle();
  return scene;
}

/** Offers a file of that content, by its digest where it is `named`. */
async function offer(scene: DirectScene, content: string, { named = true } = {}) {
  const number = ++transfers;
  const path = scene.path(`out-${number}`);
  await Deno.writeTextFile(path, content);
  const transfer = number.toString(16).padStart(32, "0");
  const digest = sha256(new TextEncoder().encode(content));
  const source = await openSource(path, { as: "plan.txt" });
  return await scene.send(source, { transfer, sha256: named ? digest : null });
}

function rewrite(path: string) {
  const { mtime } = Deno.statSync(path);
  Deno.writeTextFileSync(path, "meet at ten!");
  Deno.chmodSync(path, 0o600);
  Deno.utimeSync(path, mtime!, mtime!);
}

function link(path: string) {
  Deno.renameSync(path, `${path}.moved`);
  Deno.symlinkSync(`${path}.moved`, path);
}
