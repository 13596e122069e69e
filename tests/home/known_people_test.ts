import assert from "node:assert/strict";
import { decodeKey, encodeKey, sameKey } from "../../src/secure/static_key.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";
import {
  addPerson,
  checkListed,
  checkPeople,
  checkPerson,
  findPerson,
  forgetLine,
  forgetPerson,
  knownPeople,
  MOST_OF_HUB,
  renamePerson,
} from "../../src/home/known_people.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [key, other] = [(await identityKeys()).id, (await identityKeys()).id];
const hub = "aaaaa-aaaaa-aaaaa-aaaaa";

Deno.test("checkPerson remembers a name at first contact, and stops at another key", async () => {
  await using dir = await TempDir.make();
  await checkPerson(dir.path, { hub, name: "ana", key });
  await checkPerson(dir.path, { hub, name: "ana", key });
  await assert.rejects(checkPerson(dir.path, { hub, name: "ana", key: other }), {
    code: "refused",
    message: `the key of "ana" has changed: it was ${fingerprint(key)}, it is ${
      fingerprint(other)
    }`,
    hint: /run `p2p trust forget ana`$/,
  });
  await checkPerson(dir.path, { hub: "another hub", name: "ana", key: other });
  assert.equal((await knownPeople(dir.path)).length, 2);
});

Deno.test("checkPerson remembers one key for a name, however many meet it at once", async () => {
  await using dir = await TempDir.make();
  const keys = Array.from({ length: 8 }, (_, i) => i % 2 === 0 ? key : other);
  const meet = (one: Uint8Array) => checkPerson(dir.path, { hub, name: "ana", key: one });
  const met = await Promise.allSettled(keys.map(meet));
  const [ana, ...more] = await knownPeople(dir.path);
  assert.deepEqual(more, []);
  const taken = keys.map((one) => sameKey(one, decodeKey(ana!.key)));
  assert.deepEqual(met.map(({ status }) => status === "fulfilled"), taken);
});

Deno.test("of one hub 10,000 people are remembered, and whoever is known stays checked", async () => {
  await using dir = await TempDir.make();
  const people = Array.from({ length: MOST_OF_HUB }, (_, i) => ({ name: `${i}`, key }));
  assert.deepEqual(await checkPeople(dir.path, { hub, people }), []);
  await assert.rejects(checkPerson(dir.path, { hub, name: "ana", key }), {
    code: "refused",
    message:
      'cannot remember "ana": 10,000 people of one hub are remembered at most, 0 more can be',
  });
  await assert.rejects(checkPerson(dir.path, { hub, name: "7", key: other }), /has changed/);
  await checkPerson(dir.path, { hub: "another hub", name: "ana", key });
  await addPerson(dir.path, { name: "bo", key, via: "hand" });
  await checkPerson(dir.path, { hub, name: "bo", key });
  assert.equal((await knownPeople(dir.path)).length, MOST_OF_HUB + 2);
});

Deno.test("of those who are listed as many are remembered as there is room for, and all known are checked", async () => {
  await using dir = await TempDir.make();
  await checkPerson(dir.path, { hub, name: "ana", key });
  const crowd = Array.from({ length: MOST_OF_HUB }, (_, i) => ({ name: `${i}`, key }));
  const people = [...crowd, { name: "Ana", key: other }];
  const errors = await checkListed(dir.path, { hub, people });
  assert.deepEqual(errors.map(({ message }) => /^the key of "ana" has/.test(message)), [true]);
  assert.equal((await knownPeople(dir.path)).length, MOST_OF_HUB);
});

Deno.test("knownPeople passes over a line that is being written", async () => {
  await using dir = await TempDir.make();
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  const path = dir.join("known_people.jsonl");
  const line = await Deno.readTextFile(path);
  for (const end of ["", line.slice(0, -2), line.slice(0, -1).replace("ana", "ben")]) {
    await Deno.writeTextFile(path, line + end);
    const names = end.endsWith("}") ? ["ana", "ben"] : ["ana"];
    assert.deepEqual((await knownPeople(dir.path)).map(({ name }) => name), names, end);
  }
});

Deno.test("checkPerson stops at a key that is not the one vouched for, at every hub", async () => {
  await using dir = await TempDir.make();
  await addPerson(dir.path, { name: "ana", key, via: "code" });
  await checkPerson(dir.path, { hub, name: "ana", key });
  await assert.rejects(checkPerson(dir.path, { hub: "new", name: "ana", key: other }), {
    code: "refused",
  });
});

Deno.test("findPerson finds who was vouched for, and nobody whom a hub has named", async () => {
  await using dir = await TempDir.make();
  await checkPerson(dir.path, { hub, name: "ana", key });
  assert.equal(await findPerson(dir.path, key), undefined);
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  assert.equal((await findPerson(dir.path, key))?.name, "ana");
  assert.equal(await findPerson(dir.path, other), undefined);
});

Deno.test("addPerson vouches once, and not for a name that is known with another key", async () => {
  await using dir = await TempDir.make();
  for (const via of ["code", "hand"] as const) await addPerson(dir.path, { name: "ana", key, via });
  assert.deepEqual((await knownPeople(dir.path)).map(({ via }) => via), ["code"]);
  await assert.rejects(addPerson(dir.path, { name: "ana", key: other, via: "hand" }), {
    code: "refused",
    message: /has changed/,
  });
});

Deno.test("a name in another spelling is the same name, to vouch, to check, to rename and to forget", async () => {
  await using dir = await TempDir.make();
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  for (const via of ["code", "hand"] as const) {
    await assert.rejects(addPerson(dir.path, { name: "Ana", key: other, via }), {
      code: "refused",
      message: /^the key of "ana" has changed/,
    });
  }
  await addPerson(dir.path, { name: "ANA", key, via: "code" });
  await addPerson(dir.path, { name: "ben", key: other, via: "hand" });
  const taken = renamePerson(dir.path, { from: "BEN", to: "ANA" });
  await assert.rejects(taken, { code: "refused" });
  assert.equal((await forgetPerson(dir.path, "AnA")).length, 1);
  assert.deepEqual((await knownPeople(dir.path)).map(({ name }) => name), ["ben"]);
});

Deno.test("who was vouched for first is the one, whatever a later line says", async () => {
  await using dir = await TempDir.make();
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  const path = dir.join("known_people.jsonl");
  const line = { name: "Ana", key: encodeKey(other), via: "code", since: "" };
  await Deno.writeTextFile(path, JSON.stringify(line) + "\n", { append: true });
  await checkPerson(dir.path, { hub, name: "ana", key });
  const swapped = checkPerson(dir.path, { hub, name: "ana", key: other });
  await assert.rejects(swapped, { code: "refused" });
});

Deno.test("forgetPerson forgets a name whoever said it, and nobody else", async () => {
  await using dir = await TempDir.make();
  await checkPerson(dir.path, { hub, name: "ana", key });
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  await addPerson(dir.path, { name: "ben", key: other, via: "hand" });
  assert.equal((await forgetPerson(dir.path, "ana")).length, 2);
  assert.deepEqual((await knownPeople(dir.path)).map(({ name }) => name), ["ben"]);
  assert.deepEqual(await forgetPerson(dir.path, "ana"), []);
});

Deno.test("renamePerson renames who was vouched for, unless the name is somebody else's", async () => {
  await using dir = await TempDir.make();
  await checkPerson(dir.path, { hub, name: "ana", key });
  assert.deepEqual(await renamePerson(dir.path, { from: "ana", to: "anna" }), []);
  await addPerson(dir.path, { name: "ana", key, via: "hand" });
  await addPerson(dir.path, { name: "ben", key: other, via: "hand" });
  await assert.rejects(renamePerson(dir.path, { from: "ana", to: "ben" }), { code: "refused" });
  assert.equal((await renamePerson(dir.path, { from: "ana", to: "anna" })).length, 1);
  const names = (await knownPeople(dir.path)).map(({ name, via }) => [name, via]);
  assert.deepEqual(names, [["ana", hub], ["anna", "hand"], ["ben", "hand"]]);
});

Deno.test("knownPeople refuses a damaged line: nobody is lost without a word", async () => {
  await using dir = await TempDir.make();
  const good = { name: "a", key: encodeKey(key), via: "hand", since: "" };
  const bad = [{ ...good, key: "AAAA" }, { ...good, name: 1 }, { ...good, via: null }, [], null];
  for (const line of bad.map((value) => JSON.stringify(value)).concat("{")) {
    await Deno.writeTextFile(dir.join("known_people.jsonl"), line + "\n", { mode: 0o600 });
    await assert.rejects(knownPeople(dir.path), { code: "local", message: /damaged/ }, line);
  }
});

Deno.test("forgetLine can be pasted into a shell", () => {
  assert.equal(forgetLine("10.0.0.1"), "p2p trust forget 10.0.0.1");
  assert.equal(forgetLine("it's Zoë"), `p2p trust forget -- 'it'\\''s Zoë'`);
  assert.equal(forgetLine("-x"), "p2p trust forget -- '-x'");
});

Deno.test("nobody is lost who is met while another is forgotten", async () => {
  await using dir = await TempDir.make();
  await Promise.all(Array.from({ length: 10 }, async (_, i) => {
    await checkPerson(dir.path, { hub, name: `gone ${i}`, key });
    await Promise.all([
      forgetPerson(dir.path, `gone ${i}`),
      checkPerson(dir.path, { hub, name: `ana ${i}`, key }),
    ]);
  }));
  const names = (await knownPeople(dir.path)).map(({ name }) => name);
  assert.deepEqual(names.sort(), Array.from({ length: 10 }, (_, i) => `ana ${i}`));
});
