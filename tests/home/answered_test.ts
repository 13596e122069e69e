import assert from "node:assert/strict";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { ANSWERED_FOR_MS, AnsweredTransfers } from "../../src/home/answered.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const [ana, eve] = [(await identityKeys()).id, (await identityKeys()).id];
const transfer = "ab".repeat(16);
const answer = { code: "delivered" as const, payload: { savedAs: "a.txt" } };

Deno.test("AnsweredTransfers knows an answer at once and in a later run, for that sender and transfer", async () => {
  await using dir = await TempDir.make();
  const answered = await AnsweredTransfers.open(dir.path);
  const added = answered.add({ senderKey: ana, transfer }, answer);
  assert.deepEqual(answered.find({ senderKey: ana, transfer }), answer);
  await added;
  await answered.sync();
  const later = await AnsweredTransfers.open(dir.path);
  const { code, payload } = later.find({ senderKey: ana, transfer })!;
  assert.deepEqual({ code, payload }, answer);
  assert.equal(later.find({ senderKey: eve, transfer }), undefined);
  assert.equal(later.find({ senderKey: ana, transfer: "cd".repeat(16) }), undefined);
  assert.equal(Deno.statSync(dir.join("answered.jsonl")).mode! & 0o777, 0o600);
});

Deno.test("AnsweredTransfers forgets what is old, and passes over what a crash tore", async () => {
  await using dir = await TempDir.make();
  const answered = await AnsweredTransfers.open(dir.path);
  for (const senderKey of [ana, eve]) await answered.add({ senderKey, transfer }, answer);
  const path = dir.join("answered.jsonl");
  const [first, second] = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  const old = JSON.stringify({ ...JSON.parse(first!), at: Date.now() - ANSWERED_FOR_MS - 1 });
  await Deno.writeTextFile(path, [old, old, second, '{"id":'].join("\n"));
  const later = await AnsweredTransfers.open(dir.path);
  assert.equal(later.find({ senderKey: ana, transfer }), undefined);
  assert.ok(later.find({ senderKey: eve, transfer }));
  await later.add({ senderKey: ana, transfer }, answer);
  const again = await AnsweredTransfers.open(dir.path);
  assert.ok(again.find({ senderKey: ana, transfer }));
  assert.doesNotMatch(await Deno.readTextFile(path), new RegExp(`"at":${JSON.parse(old).at}`));
});
