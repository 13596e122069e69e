import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SEGMENT_BYTES } from "../../../src/storage/checkpoint_pace.ts";
import { EarlyDigest } from "../../../src/transfer/source/early_digest.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { tempFolder } from "../../storage/part/staged.ts";

const BYTES = sampleBytes(3 * SEGMENT_BYTES + 1000);

Deno.test("EarlyDigest knows the digest at the end of each segment, asked for early or late", async () => {
  await using folder = await tempFolder();
  const source = await openSource(await written(folder.path));
  await using early = new EarlyDigest(source);
  assert.equal(await early.digest(2 * SEGMENT_BYTES), digestOf(2 * SEGMENT_BYTES));
  assert.equal(await early.digest(3 * SEGMENT_BYTES), digestOf(3 * SEGMENT_BYTES));
  assert.equal(await early.digest(SEGMENT_BYTES), digestOf(SEGMENT_BYTES));
});

Deno.test("EarlyDigest knows the digest anywhere else, and beyond the end", async () => {
  await using folder = await tempFolder();
  const source = await openSource(await written(folder.path));
  await using early = new EarlyDigest(source);
  assert.equal(await early.digest(777), digestOf(777));
  assert.equal(
    await early.digest(SEGMENT_BYTES + 262_144),
    digestOf(SEGMENT_BYTES + 262_144),
  );
  assert.equal(await early.digest(BYTES.length), digestOf(BYTES.length));
  assert.equal(await early.digest(9 * SEGMENT_BYTES), digestOf(BYTES.length));
});

Deno.test("EarlyDigest ends in the middle when nobody needs it, and says what it failed with where it is needed", async () => {
  await using folder = await tempFolder();
  const path = await written(folder.path);
  const source = await openSource(path);
  {
    await using _ = new EarlyDigest(source);
  }
  await Deno.writeFile(path, BYTES.subarray(1));
  await using early = new EarlyDigest(source);
  await assert.rejects(early.digest(SEGMENT_BYTES), /changed/);
});

async function written(folder: string): Promise<string> {
  const path = join(folder, "a.bin");
  await Deno.writeFile(path, BYTES);
  return path;
}

function digestOf(length: number): string {
  return createHash("sha256").update(BYTES.subarray(0, length)).digest("hex");
}
