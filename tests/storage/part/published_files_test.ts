import assert from "node:assert/strict";
import { join } from "node:path";
import { Book } from "../../../src/storage/book/book.ts";
import { PublishedFiles } from "../../../src/storage/part/published_files.ts";
import { encodeKey } from "../../../src/secure/static_key.ts";
import { SENDER, tempFolder } from "./staged.ts";

Deno.test("what is published counts from the moment in which its part counts no more", async () => {
  await using folder = await tempFolder();
  const key = encodeKey(SENDER);
  const book = new Book({ quotaBytes: 1_000 });
  const files = await PublishedFiles.open(join(folder.path, "list"), book);
  const path = join(folder.path, "a.bin");
  await Deno.writeFile(path, new Uint8Array(600));
  const added = files.add({ path, key, network: null, bytes: 600, files: 1 });
  assert.equal(book.left({ key }), 400);
  await added;
  assert.equal(book.left({ key }), 400);
});
