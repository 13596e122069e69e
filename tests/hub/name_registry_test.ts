import assert from "node:assert/strict";
import { toBase64url } from "../../src/bytes.ts";
import { encodeKey } from "../../src/secure/static_key.ts";
import { NameRegistry } from "../../src/hub/name_registry.ts";
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
