import assert from "node:assert/strict";
import {
  createPrivateFile,
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
} from "../../src/home/private_file.ts";
import { TempDir } from "../helpers/temp_dir.ts";

Deno.test("createPrivateFile writes a file that is not there, and never over one", async () => {
  await using dir = await TempDir.make();
  assert.equal(await createPrivateFile(dir.path, "a", "first"), true);
  assert.equal(await createPrivateFile(dir.path, "a", "second"), false);
  assert.equal(await readPrivateFile(dir.join("a")), "first");
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["a"]);
});

Deno.test("createPrivateFile does not write through a link", async () => {
  await using dir = await TempDir.make();
  await Deno.symlink(dir.join("elsewhere"), dir.join("a"));
  assert.equal(await createPrivateFile(dir.path, "a", "text"), false);
  await assert.rejects(Deno.lstat(dir.join("elsewhere")), Deno.errors.NotFound);
});

Deno.test("replacePrivateFile replaces a file, private again", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("a"), "old", { mode: 0o644 });
  await replacePrivateFile(dir.path, "a", "new");
  assert.equal(await readPrivateFile(dir.join("a")), "new");
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["a"]);
});

Deno.test("readPrivateFile tells what is missing from what cannot be read", async () => {
  await using dir = await TempDir.make();
  assert.equal(await readPrivateFile(dir.join("missing")), undefined);
  await makePrivateFolder(dir.join("folder"));
  await assert.rejects(readPrivateFile(dir.join("folder")), { code: "local" });
});
