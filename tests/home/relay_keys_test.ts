import assert from "node:assert/strict";
import { RelayKeys } from "../../src/home/relay_keys.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const transfer = "ab".repeat(16);

Deno.test("RelayKeys keeps the key of a transfer for this user alone, until it is erased", async () => {
  await using dir = await TempDir.make();
  const keys = new RelayKeys(dir.join("home"));
  assert.equal(await keys.find(transfer), undefined);
  const made = await keys.make(transfer, 5);
  assert.deepEqual([made.key.length, made.created], [32, 5]);
  assert.deepEqual(await new RelayKeys(dir.join("home")).find(transfer), made);
  const { mode } = Deno.statSync(dir.join("home", "sent", `${transfer}.key`));
  assert.equal(mode! & 0o777, 0o600);
  await keys.erase(transfer);
  await keys.erase(transfer);
  assert.equal(await keys.find(transfer), undefined);
  assert.deepEqual([...Deno.readDirSync(dir.join("home", "sent"))], []);
});

Deno.test("RelayKeys makes each key anew, and a damaged one is as good as none", async () => {
  await using dir = await TempDir.make();
  const keys = new RelayKeys(dir.path);
  const [one, other] = [await keys.make(transfer, 5), await keys.make("cd".repeat(16), 5)];
  assert.notDeepEqual(one.key, other.key);
  for (const text of ["", '{"key":"AAAA","created":5}', '{"key":']) {
    await Deno.writeTextFile(dir.join("sent", `${transfer}.key`), text);
    assert.equal(await keys.find(transfer), undefined, text);
  }
});
