import assert from "node:assert/strict";
import { join } from "node:path";
import {
  findHub,
  forgetHub,
  hubInUse,
  knownHubs,
  noteHub,
  pinKey,
  pinnedKey,
  useHub,
} from "../../src/home/known_hubs.ts";
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

Deno.test("forgetHub forgets what is at one address, and of a short name the hub everywhere", async () => {
  await using dir = await TempDir.make();
  const forgotten = async (text: string) =>
    (await forgetHub(dir.path, text)).map(({ address }) => address);
  for (const pinned of [key, other]) await pinKey(dir.path, "hub:1", pinned);
  for (const address of ["hub:2", "hub:3"]) await pinKey(dir.path, address, key);
  assert.deepEqual(await forgotten("hub:1"), ["hub:1"]);
  assert.deepEqual(await forgotten("hub:1"), []);
  await useHub(dir.path, "hub:2", "rack");
  await pinKey(dir.path, "hub:4", other);
  assert.deepEqual(await forgotten("RACK"), ["hub:2", "hub:3"]);
  assert.deepEqual((await knownHubs(dir.path)).map(({ address }) => address), ["hub:4"]);
});

Deno.test("useHub puts one hub in use at a time, under a name that no other has", async () => {
  await using dir = await TempDir.make();
  await useHub(dir.path, "hub:1", "rack");
  await useHub(dir.path, "hub:2");
  const hubs = await knownHubs(dir.path);
  assert.deepEqual(hubs.map(({ inUse }) => inUse), [undefined, true]);
  assert.equal(hubInUse(hubs)?.address, "hub:2");
  await assert.rejects(useHub(dir.path, "hub:2", "Rack"), { code: "refused", hint: /forget rack/ });
  await useHub(dir.path, "hub:1", "Rack");
  assert.equal(findHub(await knownHubs(dir.path), "rack")?.name, "Rack");
});

Deno.test("pinKey knows a hub that has moved by its key: name, use, secret and our name come along", async () => {
  await using dir = await TempDir.make();
  await pinKey(dir.path, "hub:1", key);
  await useHub(dir.path, "hub:1", "rack");
  await noteHub(dir.path, "hub:1", { secret: "correct horse", me: "bo" });
  const before = await pinKey(dir.path, "hub:2", key);
  assert.deepEqual([before?.address, before?.name], ["hub:1", "rack"]);
  const [was, is] = await knownHubs(dir.path);
  assert.deepEqual([was!.name, was!.inUse, was!.key], [undefined, undefined, is!.key]);
  assert.deepEqual([is!.address, is!.name, is!.inUse], ["hub:2", "rack", true]);
  assert.deepEqual([is!.secret, is!.me], ["correct horse", "bo"]);
  // Seen from its own machine it has not moved.
  await pinKey(dir.path, "127.0.0.1:3", key);
  assert.equal(findHub(await knownHubs(dir.path), "rack")?.address, "hub:2");
  assert.equal((await knownHubs(dir.path))[2]!.secret, "correct horse");
});

Deno.test("knownHubs passes over a line that is being written", async () => {
  await using dir = await TempDir.make();
  await pinKey(dir.path, "hub:1", key);
  await Deno.writeTextFile(dir.join("known_hubs.jsonl"), '{"address":"hub:', { append: true });
  assert.equal((await knownHubs(dir.path)).length, 1);
});

Deno.test("many that change the hubs at once lose nothing", async () => {
  await using dir = await TempDir.make();
  const count = 12;
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    await pinKey(dir.path, `gone:${i}`, other);
    await Promise.all([
      forgetHub(dir.path, `gone:${i}`),
      pinKey(dir.path, `hub:${i}`, key).then(() => noteHub(dir.path, `hub:${i}`, { me: `${i}` })),
    ]);
  }));
  const hubs = await knownHubs(dir.path);
  assert.deepEqual(
    hubs.map(({ address, me }) => `${address} ${me}`).sort(),
    Array.from({ length: count }, (_, i) => `hub:${i} ${i}`).sort(),
  );
});
