import assert from "node:assert/strict";
import { encodeKey } from "../../src/secure/static_key.ts";
import { SentTransfers } from "../../src/home/sent.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const sent = {
  transfer: "ab".repeat(16),
  hub: "aaaaa-aaaaa-aaaaa-aaaaa",
  name: "photo.png",
  path: "/photos/photo.png",
  identity: "0",
  size: 5,
  recipients: [{ name: "bob", key: encodeKey(new Uint8Array(32)) }],
};

Deno.test("SentTransfers remembers what was sent, for this user alone", async () => {
  await using dir = await TempDir.make();
  const transfers = new SentTransfers(dir.join("home"));
  assert.deepEqual(await transfers.startingWith("ab"), []);
  await transfers.record(sent);
  await transfers.record(sent);
  assert.deepEqual(await new SentTransfers(dir.join("home")).find(sent.transfer), sent);
  assert.deepEqual(await transfers.startingWith("abab"), [sent.transfer]);
  assert.deepEqual(await transfers.startingWith("abc"), []);
  assert.equal(await transfers.find("cd".repeat(16)), undefined);
  assert.equal(Deno.statSync(dir.join("home", "sent")).mode! & 0o777, 0o700);
  assert.equal(Deno.statSync(dir.join("home", "sent", sent.transfer)).mode! & 0o777, 0o600);
});

Deno.test("SentTransfers forgets what is old, and what is damaged is as good as not there", async () => {
  await using dir = await TempDir.make();
  await new SentTransfers(dir.path).record(sent);
  const path = dir.join("sent", sent.transfer);
  const old = new Date(Date.now() - 15 * 86_400_000);
  await Deno.utime(path, old, old);
  const transfers = new SentTransfers(dir.path);
  const next = { ...sent, transfer: "cd".repeat(16) };
  await transfers.record(next);
  assert.equal(await transfers.find(sent.transfer), undefined);
  await Deno.writeTextFile(dir.join("sent", next.transfer), '{"transfer":');
  assert.equal(await transfers.find(next.transfer), undefined);
});
