import assert from "node:assert/strict";
import { toBase64url } from "../../src/bytes.ts";
import { encodeKey } from "../../src/secure/static_key.ts";
import { codeName } from "../../src/secure/code.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";
import { LAPSE_MS, NameRegistry } from "../../src/hub/name_registry.ts";
import { fakeKeys } from "../helpers/fake_keys.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [ana, bob] = [fakeKeys("ana"), fakeKeys("bob")];
const [key, other] = [encodeKey(ana.id), encodeKey(bob.id)];

Deno.test("NameRegistry gives a name to the first key that claims it, whatever its case, for good", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  await people.claim("Straße", ana);
  for (const name of ["Straße", "straße", "STRASSE"]) {
    assert.ok(people.mayUse(name, key));
    assert.ok(!people.mayUse(name, other));
    await assert.rejects(people.claim(name, bob), { code: "refused" });
  }
  assert.equal((await people.claim("STRASSE", ana)).name, "Straße");
  const again = await NameRegistry.open(dir.path);
  assert.equal(again.find("straße")?.key, key);
  await assert.rejects(again.claim("straße", bob), { code: "refused" });
});

Deno.test("NameRegistry gives a name to one of those who claim it at once", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const claims = await Promise.allSettled([people.claim("bob", ana), people.claim("bob", bob)]);
  assert.deepEqual(claims.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.equal((await NameRegistry.open(dir.path)).find("bob")?.key, key);
});

Deno.test("NameRegistry passes over what a crash tore, and believes no later line", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  await people.claim("ana", ana);
  const keys = toBase64url(bob.bytes);
  const line = JSON.stringify({ name: "ana", key: other, keys, since: 1, seen: 1 });
  const path = dir.join("people.jsonl");
  await Deno.writeTextFile(path, `${line}\n{"name":"bo","key":`, { append: true });
  const torn = await NameRegistry.open(dir.path);
  assert.equal(torn.find("ana")?.key, key);
  assert.equal(torn.find("bo"), undefined);
  await torn.claim("cy", bob);
  assert.equal((await NameRegistry.open(dir.path)).find("cy")?.key, other);
});

Deno.test("NameRegistry remembers when somebody was last seen, in a file that does not grow", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const person = await people.claim("ana", ana);
  for (let i = 0; i < 20; i++) await people.left(person);
  const again = await NameRegistry.open(dir.path);
  assert.equal(again.find("ana")?.seen, person.seen);
  assert.equal(again.find("ana")?.since, person.since);
  const text = await Deno.readTextFile(dir.join("people.jsonl"));
  assert.equal(text.trim().split("\n").length, 1);
  assert.equal(Deno.statSync(dir.join("people.jsonl")).mode! & 0o777, 0o600);
});

Deno.test("NameRegistry gives one key sixteen names, and none where its line could not be written", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  for (let i = 0; i < 16; i++) await people.claim(`ana ${i}`, ana);
  await assert.rejects(people.claim("ana 16", ana), {
    code: "refused",
    message:
      /^cannot keep the name "ana 16": no room: at most 16 names of one sender are kept, 0 more/,
  });
  await people.claim("bob", bob);
  await Deno.remove(dir.join("people.jsonl"));
  await Deno.mkdir(dir.join("people.jsonl")); // A disk that takes no line.
  await assert.rejects(people.claim("bob 2", bob), { code: "local" });
  assert.ok(people.mayUse("bob 2", key), "it is nobody's");
});

Deno.test("NameRegistry frees names that nobody has used for 90 days, but for those that are needed", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const { seen } = await people.claim("ana", ana);
  await people.claim("bob", bob);
  const isNeeded = ({ name }: { name: string }) => name === "bob";
  await people.sweep(isNeeded, seen + LAPSE_MS - 1);
  assert.equal(people.size, 2);
  await people.sweep(isNeeded, seen + LAPSE_MS + 1_000);
  for (const registry of [people, await NameRegistry.open(dir.path)]) {
    assert.deepEqual(registry.all().map(({ name }) => name), ["bob"]);
  }
  for (let i = 0; i < 16; i++) await people.claim(`ana ${i}`, ana);
});

Deno.test("NameRegistry writes its file anew while it runs", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const person = await people.claim("ana", ana);
  for (let i = 0; i < 300; i++) await people.left(person);
  const text = await Deno.readTextFile(dir.join("people.jsonl"));
  const lines = text.split("\n").filter((line) => line !== "");
  assert.ok(lines.length < 110, `${lines.length} lines`);
});

Deno.test("NameRegistry.nameFor gives the name that a key came by last, also after a restart", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  await people.claim("ana", ana);
  await people.claim("anita", ana);
  assert.deepEqual(people.nameFor(ana.id, "vm"), { name: "anita", owned: true });
  await people.left(await people.claim("ana", ana));
  assert.deepEqual(people.nameFor(ana.id, "vm"), { name: "ana", owned: true });
  const again = await NameRegistry.open(dir.path);
  assert.deepEqual(again.nameFor(ana.id, "vm"), { name: "ana", owned: true });
  assert.deepEqual(again.namesOf(key), ["anita", "ana"]);
});

Deno.test("NameRegistry.nameFor gives a stranger a name that is free, and never a person's", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  assert.deepEqual(people.nameFor(bob.id, "vm"), { name: "vm", owned: false });
  await people.claim("VM", ana);
  const [group] = fingerprint(bob.id).split("-");
  assert.equal(people.nameFor(bob.id, "vm").name, `vm (${group})`);
  for (const called of ["", " vm", "vm\n", "#vm", "x".repeat(65), codeName(ana.id)]) {
    assert.equal(people.nameFor(bob.id, called).name, codeName(bob.id), called);
  }
});

Deno.test("NameRegistry gives a guest a name until it leaves, and keeps none", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const guest = await people.claim("vm", ana, { keep: false });
  assert.ok(!people.mayUse("VM", other));
  assert.deepEqual(people.all().map(({ name }) => name), ["vm"]);
  await people.left(guest);
  assert.ok(people.mayUse("vm", other));
  assert.deepEqual([people.all(), people.namesOf(key)], [[], []]);
  await people.claim("vm", bob, { keep: false });
  await people.left(await people.claim("vm", bob));
  assert.deepEqual((await NameRegistry.open(dir.path)).namesOf(other), ["vm"]);
});
