import assert from "node:assert/strict";
import { DeliveredContent } from "../../src/home/delivered_content.ts";
import { openSource } from "../../src/transfer/source/open_source.ts";
import { textSource } from "../../src/transfer/source/stdin_source.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { sha256 } from "../helpers/tree.ts";

const CONTENT = new TextEncoder().encode("meet at nine");

Deno.test("DeliveredContent gives the digest of what went there under that name, and is still the same", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("plan.txt");
  await Deno.writeFile(path, CONTENT);
  const source = await openSource(path);
  const delivered = { to: "rack", sha256: sha256(CONTENT) };
  const log = new DeliveredContent(dir.join("home"));
  assert.equal(await log.digestOf(source, "rack"), null);
  log.add(source, delivered);
  await log.written();
  const later = new DeliveredContent(dir.join("home"));
  assert.equal(await later.digestOf(source, "rack"), delivered.sha256);
  assert.equal(await later.digestOf(source, "another"), null);
  assert.equal(await later.digestOf(await openSource(path, { as: "b.txt" }), "rack"), null);
  // Metadata alone makes it worth a look, and no other content.
  await Deno.utime(path, 1, 1);
  assert.equal(await later.digestOf(await openSource(path), "rack"), delivered.sha256);
  await Deno.writeTextFile(path, "meet at ten!");
  assert.equal(await later.digestOf(await openSource(path), "rack"), null);
  await Deno.writeTextFile(path, "at noon");
  assert.equal(await later.digestOf(await openSource(path), "rack"), null);
});

Deno.test("DeliveredContent reads nothing where nothing has moved, and keeps no text", async () => {
  await using dir = await TempDir.make();
  await Deno.writeFile(dir.join("plan.txt"), CONTENT);
  const source = await openSource(dir.join("plan.txt"));
  const log = new DeliveredContent(dir.path);
  log.add(source, { to: "rack", sha256: "ab".repeat(32) });
  const digest = () => assert.fail("it is read");
  assert.equal(await log.digestOf({ ...source, digest }, "rack"), "ab".repeat(32));
  const text = textSource("hello", "message.txt");
  log.add(text, { to: "rack", sha256: "ab".repeat(32) });
  assert.equal(await log.digestOf(text, "rack"), null);
  await log.written();
});
