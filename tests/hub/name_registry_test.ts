import assert from "node:assert/strict";
import { encodeKey, type KeyText } from "../../src/secure/static_key.ts";
import { NameRegistry } from "../../src/hub/name_registry.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [key, other] = [1, 2].map((byte) => encodeKey(new Uint8Array(32).fill(byte))) as [
  KeyText,
  KeyText,
];

Deno.test("NameRegistry gives a name to the first key that claims it, whatever its case, for good", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  await people.claim("Straße", key);
  for (const name of ["Straße", "straße", "STRASSE"]) {
    assert.ok(people.mayUse(name, key));
    assert.ok(!people.mayUse(name, other));
    await assert.rejects(people.claim(name, other), { code: "refused" });
  }
  assert.equal((await people.claim("STRASSE", key)).name, "Straße");
  const again = await NameRegistry.open(dir.path);
  assert.equal(again.find("straße")?.key, key);
  await assert.rejects(again.claim("straße", other), { code: "refused" });
});

Deno.test("NameRegistry gives a name to one of those who claim it at once", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const claims = await Promise.allSettled([people.claim("bob", key), people.claim("bob", other)]);
  assert.deepEqual(claims.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.equal((await NameRegistry.open(dir.path)).find("bob")?.key, key);
});

Deno.test("NameRegistry passes over what a crash tore, and believes no later line", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  await people.claim("ana", key);
  const line = JSON.stringify({ name: "ana", key: other, since: 1, seen: 1 });
  const path = dir.join("people.jsonl");
  await Deno.writeTextFile(path, `${line}\n{"name":"bo","key":`, { append: true });
  const torn = await NameRegistry.open(dir.path);
  assert.equal(torn.find("ana")?.key, key);
  assert.equal(torn.find("bo"), undefined);
  await torn.claim("cy", other);
  assert.equal((await NameRegistry.open(dir.path)).find("cy")?.key, other);
});

Deno.test("NameRegistry remembers when somebody was last seen, in a file that does not grow", async () => {
  await using dir = await TempDir.make();
  const people = await NameRegistry.open(dir.path);
  const ana = await people.claim("ana", key);
  for (let i = 0; i < 20; i++) await people.left(ana);
  const again = await NameRegistry.open(dir.path);
  assert.equal(again.find("ana")?.seen, ana.seen);
  assert.equal(again.find("ana")?.since, ana.since);
  const text = await Deno.readTextFile(dir.join("people.jsonl"));
  assert.equal(text.trim().split("\n").length, 1);
  assert.equal(Deno.statSync(dir.join("people.jsonl")).mode! & 0o777, 0o600);
});
