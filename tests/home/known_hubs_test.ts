import assert from "node:assert/strict";
import { join } from "node:path";
import { forgetHub, knownHubs, pinKey, pinnedKey } from "../../src/home/known_hubs.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [key, other] = [(await identityKeys()).id, (await identityKeys()).id];

Deno.test("pinnedKey gives the key of that address alone", async () => {
  await using dir = await TempDir.make();
  const home = dir.join("home");
  assert.equal(await pinnedKey(home, "hub:1"), undefined);
  await pinKey(home, "hub:1", key);
  await pinKey(home, "hub:2", other);
  assert.deepEqual([await pinnedKey(home, "hub:1"), await pinnedKey(home, "hub:2")], [key, other]);
  assert.equal(await pinnedKey(home, "hub:12"), undefined);
});

Deno.test("pinnedKey gives the last key that was pinned", async () => {
  await using dir = await TempDir.make();
  await pinKey(dir.path, "hub:1", key);
  await pinKey(dir.path, "hub:1", other);
  assert.deepEqual(await pinnedKey(dir.path, "hub:1"), other);
});

Deno.test("pinKey loses nothing where many pin at once", async () => {
  await using dir = await TempDir.make();
  const addresses = Array.from({ length: 50 }, (_, i) => `hub:${i}`);
  await Promise.all(addresses.map((address) => pinKey(dir.path, address, key)));
  for (const address of addresses) assert.deepEqual(await pinnedKey(dir.path, address), key);
});

Deno.test({
  name: "pinKey writes a file that is private, and pinnedKey refuses one that is not",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await TempDir.make();
    const home = dir.join("home");
    await pinKey(home, "hub:1", key);
    assert.equal(Deno.statSync(join(home, "known_hubs.jsonl")).mode! & 0o777, 0o600);
    await Deno.chmod(join(home, "known_hubs.jsonl"), 0o622);
    await assert.rejects(pinnedKey(home, "hub:1"), { code: "local" });
  },
});

Deno.test("pinnedKey refuses a damaged file: no pin is lost without a word", async () => {
  await using dir = await TempDir.make();
  const damaged = [
    "{",
    "null",
    "1",
    "[]",
    "{}",
    '{"address":"hub:1"}',
    '{"address":"hub:1","key":"AAAA"}',
  ]
    .concat(['{"address":"hub:1","key":null}', '{"address":1,"key":"AAAA"}']);
  for (const line of damaged) {
    await Deno.writeTextFile(dir.join("known_hubs.jsonl"), line + "\n", { mode: 0o600 });
    await assert.rejects(pinnedKey(dir.path, "hub:1"), { code: "local", message: /damaged/ }, line);
  }
});

Deno.test("forgetHub forgets all pins of one address, and says which", async () => {
  await using dir = await TempDir.make();
  for (const pinned of [key, other]) await pinKey(dir.path, "hub:1", pinned);
  await pinKey(dir.path, "hub:2", key);
  assert.equal((await forgetHub(dir.path, "hub:1")).length, 2);
  assert.deepEqual((await knownHubs(dir.path)).map(({ address }) => address), ["hub:2"]);
  assert.deepEqual(await forgetHub(dir.path, "hub:1"), []);
});
