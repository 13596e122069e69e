import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual_clock.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { SEGMENT_BYTES } from "../../../src/storage/checkpoint_pace.ts";
import { Staging } from "../../../src/storage/part/staging.ts";
import { StorageError } from "../../../src/storage/storage_error.ts";
import {
  copyTree,
  offerOf,
  openStaging,
  RENAME,
  SENDER,
  sha256,
  tempFolder,
  write,
} from "./staged.ts";
import { fullOr } from "../../helpers/full_or.ts";

const CHUNK = 262_144;
const S = SEGMENT_BYTES;

const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, S - 1, S, S + 1];

for (const size of SIZES.concat(fullOr([2 * S], []))) {
  Deno.test(`a part receives and publishes a file of ${size} bytes`, async () => {
    await using folder = await tempFolder();
    const staging = await openStaging(folder.path);
    const bytes = sampleBytes(size);
    const part = await staging.claim(SENDER, offerOf(size));
    assert.deepEqual([part.offset, part.digest, part.receipt], [0, null, undefined]);
    await write(part, bytes);
    const published = await part.publish("x.bin", RENAME);
    const path = join(folder.path, "x.bin");
    assert.deepEqual(published, {
      savedAs: "x.bin",
      path,
      sha256: sha256(bytes),
      bytes: size,
      resumedAt: 0,
    });
    assert.equal(sha256(await Deno.readFile(path)), sha256(bytes));
    assert.equal((await Deno.stat(path)).mtime!.getTime(), 1_700_000_000_123);
    await part.settle();
    assert.deepEqual([...Deno.readDirSync(join(folder.path, ".p2p-partial"))], []);
  });
}

Deno.test("a part takes a file of unknown size", async () => {
  await using folder = await tempFolder();
  const part = await (await openStaging(folder.path)).claim(SENDER, offerOf(null));
  await write(part, sampleBytes(1000));
  assert.equal((await part.publish("x", RENAME)).bytes, 1000);
  await part.settle();
});

/** As much of `bytes` as whole chunks hold. */
function wholeChunks(bytes: number): number {
  return bytes - bytes % CHUNK;
}

Deno.test("a part that was killed on a slow line goes on from what was there 5 s before", async () => {
  await using folder = await tempFolder();
  await using other = await tempFolder();
  const clock = new ManualClock();
  const staging = await Staging.open(folder.path, { keepMs: 60_000, clock });
  const bytes = sampleBytes(5 * CHUNK);
  const part = await staging.claim(SENDER, offerOf(bytes.length));
  const writer = part.begin(0).getWriter();
  for (const [i, ms] of [4_000, 1_000, 4_999].entries()) {
    clock.advance(ms);
    await writer.write(bytes.slice(i * CHUNK, (i + 1) * CHUNK));
  }
  const journal = join(folder.path, ".p2p-partial");
  await eventually(() => assert.match(journalIn(journal), /"offset"/));
  const killed = join(other.path, "killed");
  await copyTree(folder.path, killed);
  const again = await (await openStaging(killed)).claim(SENDER, offerOf(bytes.length));
  assert.equal(again.offset, 2 * CHUNK);
  await again.discard();
  writer.releaseLock();
  await part.discard();
});

Deno.test("a part goes on behind a place that only an earlier run wrote over", async () => {
  await using folder = await tempFolder();
  const [before, bytes] = [sampleBytes(3 * CHUNK, 1), sampleBytes(3 * CHUNK, 2)];
  const staging = await openStaging(folder.path);
  const first = await staging.claim(SENDER, offerOf(bytes.length));
  await write(first, before, { cutAt: CHUNK });
  await first.release();
  const second = await staging.claim(SENDER, offerOf(bytes.length));
  await write(second, bytes, { offset: 0, cutAt: 2 * CHUNK });
  await second.release();
  const third = await staging.claim(SENDER, offerOf(bytes.length));
  assert.deepEqual([third.offset, third.digest], [2 * CHUNK, sha256(bytes.slice(0, 2 * CHUNK))]);
  await third.discard();
});

function journalIn(staging: string): string {
  const [id] = Array.from(Deno.readDirSync(staging), ({ name }) => name);
  return Deno.readTextFileSync(join(staging, id!, "journal"));
}

Deno.test("a part goes on where it was cut, whatever the slices and the cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 * S }),
      fc.integer({ min: 0, max: 3 * S }),
      fc.integer({ min: 1000, max: 700_000 }),
      async (size, cutAt, slice) => {
        await using folder = await tempFolder();
        const bytes = sampleBytes(size);
        const staging = await openStaging(folder.path);
        const first = await staging.claim(SENDER, offerOf(size));
        await write(first, bytes, { cutAt, slice });
        await first.release();
        const second = await (await openStaging(folder.path)).claim(SENDER, offerOf(size));
        assert.equal(second.offset, wholeChunks(Math.min(cutAt, size)));
        assert.equal(
          second.digest,
          second.offset === 0 ? null : sha256(bytes.subarray(0, second.offset)),
        );
        const { offset } = second;
        await write(second, bytes, { slice });
        const { path, resumedAt, sha256: digest } = await second.publish("x", RENAME);
        assert.deepEqual([resumedAt, digest], [offset, sha256(bytes)]);
        assert.equal(sha256(await Deno.readFile(path)), sha256(bytes));
        await second.settle();
      },
    ),
    { numRuns: fullOr(12, 2) },
  );
});

Deno.test("a part that was killed goes on from a line of its journal", async () => {
  await using folder = await tempFolder();
  await using other = await tempFolder();
  const bytes = sampleBytes(4 * S);
  const part = await (await openStaging(folder.path)).claim(SENDER, offerOf(bytes.length));
  await write(part, bytes, { cutAt: 3 * S + 1000 });
  await part.release();
  // Beyond the last line lies what was written and never synced.
  const killed = join(other.path, "killed");
  await copyTree(folder.path, killed);
  const again = await (await openStaging(killed)).claim(SENDER, offerOf(bytes.length));
  assert.equal(again.offset, 3 * S);
  await write(again, bytes);
  assert.equal((await again.publish("x", RENAME)).sha256, sha256(bytes));
  await again.settle();
});

Deno.test("a part does not go on over bytes that have changed on disk", async () => {
  const changes: [number, number][] = [[2 * S - 1, S], [2 * S + 5, 2 * S], [0, 0]];
  for (const [at, offset] of fullOr(changes, changes.slice(0, 1))) {
    await using folder = await tempFolder();
    const bytes = sampleBytes(3 * S + 1);
    const staging = await openStaging(folder.path);
    const part = await staging.claim(SENDER, offerOf(bytes.length));
    await write(part, bytes, { cutAt: 3 * S });
    await part.release();
    await patch(join(folder.path, ".p2p-partial"), "content", async (file) => {
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(bytes[at]! ^ 1));
    });
    const again = await staging.claim(SENDER, offerOf(bytes.length));
    assert.equal(again.offset, offset);
    await write(again, bytes);
    assert.equal(
      sha256(await Deno.readFile((await again.publish("x", RENAME)).path)),
      sha256(bytes),
    );
    await again.settle();
  }
});

Deno.test("a part goes on before the end of content that is too short", async () => {
  await using folder = await tempFolder();
  const bytes = sampleBytes(3 * S);
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(bytes.length));
  await write(part, bytes, { cutAt: 3 * S });
  await part.release();
  await patch(join(folder.path, ".p2p-partial"), "content", (file) => file.truncate(2 * S - 1));
  const again = await staging.claim(SENDER, offerOf(bytes.length));
  assert.equal(again.offset, S);
  await again.discard();
});

Deno.test("a part reads a journal whose last line is torn, and writes on behind it", async () => {
  await using folder = await tempFolder();
  const bytes = sampleBytes(4 * S);
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(bytes.length));
  await write(part, bytes, { cutAt: 2 * S });
  await part.release();
  await patch(join(folder.path, ".p2p-partial"), "journal", async (file) => {
    await file.truncate((await file.stat()).size - 10);
  });
  const second = await staging.claim(SENDER, offerOf(bytes.length));
  assert.equal(second.offset, S);
  await write(second, bytes, { cutAt: 3 * S });
  await second.release();
  const third = await staging.claim(SENDER, offerOf(bytes.length));
  assert.equal(third.offset, 3 * S);
  await third.discard();
});

Deno.test("a part begins at 0 when the sender's content is another one", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(2 * S));
  await write(part, sampleBytes(2 * S), { cutAt: 2 * S });
  await part.release();
  const again = await staging.claim(SENDER, offerOf(2 * S));
  assert.equal(again.offset, 2 * S);
  assert.throws(() => again.begin(S), RangeError);
  const other = sampleBytes(2 * S, 2);
  await write(again, other, { offset: 0, cutAt: S });
  await again.release();
  const third = await staging.claim(SENDER, offerOf(2 * S));
  assert.deepEqual([third.offset, third.digest], [S, sha256(other.subarray(0, S))]);
  await write(third, other);
  assert.equal(sha256(await Deno.readFile((await third.publish("x", RENAME)).path)), sha256(other));
  await third.settle();
});

Deno.test("a part starts over when the offer of the same transfer is another one", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(2 * S));
  await write(part, sampleBytes(2 * S), { cutAt: S });
  await part.release();
  const again = await staging.claim(SENDER, offerOf(2 * S, { modified: 5 }));
  assert.equal(again.offset, 0);
  await again.discard();
});

Deno.test("a part refuses a size that lies, by one byte either way and by all of it", async () => {
  for (
    const [size, declared] of [[11, 10], [9, 10], [1, 0], [0, 1], [
      10,
      Number.MAX_SAFE_INTEGER,
    ]] as const
  ) {
    await using folder = await tempFolder();
    const part = await (await openStaging(folder.path)).claim(SENDER, offerOf(declared));
    await assert.rejects(
      write(part, sampleBytes(size)),
      (error) => error instanceof StorageError && error.reason === "damaged",
    );
    await part.discard();
    assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), [
      ".p2p-partial",
    ]);
    assert.deepEqual([...Deno.readDirSync(join(folder.path, ".p2p-partial"))], []);
  }
});

Deno.test("a part refuses the first byte over the declared size, before the stream ends", async () => {
  await using folder = await tempFolder();
  const part = await (await openStaging(folder.path)).claim(SENDER, offerOf(10));
  await write(part, sampleBytes(10), { cutAt: 10 });
  await part.discard();
  const again = await (await openStaging(folder.path)).claim(SENDER, offerOf(10));
  await assert.rejects(write(again, sampleBytes(11), { cutAt: 11 }), { reason: "damaged" });
  await again.discard();
});

Deno.test("a part is not published before its stream is closed", async () => {
  await using folder = await tempFolder();
  const part = await (await openStaging(folder.path)).claim(SENDER, offerOf(10));
  await write(part, sampleBytes(10), { cutAt: 10 });
  await assert.rejects(part.publish("x", RENAME), /its stream is not closed/);
  await part.discard();
});

Deno.test("a part keeps its content private until it is published", async () => {
  await using folder = await tempFolder();
  const part = await (await openStaging(folder.path)).claim(
    SENDER,
    offerOf(10, { executable: true }),
  );
  await write(part, sampleBytes(10), { cutAt: 10 });
  await patch(join(folder.path, ".p2p-partial"), "content", async (file) => {
    assert.equal((await file.stat()).mode! & 0o7777, 0o600);
  });
  await part.discard();
});

Deno.test("a part never writes to content that has a name elsewhere", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(2 * S));
  await write(part, sampleBytes(2 * S));
  await part.release();
  // As if the line that is written before `link` had been lost.
  const [id] = Array.from(Deno.readDirSync(join(folder.path, ".p2p-partial")), ({ name }) => name);
  const content = join(folder.path, ".p2p-partial", id!, "content");
  const taken = join(folder.path, "taken");
  await Deno.link(content, taken);
  const again = await staging.claim(SENDER, offerOf(2 * S));
  assert.equal(again.offset, 0);
  await write(again, sampleBytes(2 * S, 9));
  await again.settle();
  assert.equal(sha256(await Deno.readFile(taken)), sha256(sampleBytes(2 * S)));
});

Deno.test("a part replaces a link or a folder that lies where its content should be", async () => {
  await using folder = await tempFolder();
  await using outside = await tempFolder();
  const canary = join(outside.path, "canary");
  await Deno.writeTextFile(canary, "untouched");
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(10));
  await part.release();
  const [id] = Array.from(Deno.readDirSync(join(folder.path, ".p2p-partial")), ({ name }) => name);
  await Deno.symlink(canary, join(folder.path, ".p2p-partial", id!, "content"));
  const again = await staging.claim(SENDER, offerOf(10));
  await write(again, sampleBytes(10));
  assert.equal(
    sha256(await Deno.readFile((await again.publish("x", RENAME)).path)),
    sha256(sampleBytes(10)),
  );
  await again.settle();
  assert.equal(await Deno.readTextFile(canary), "untouched");
});

/** Does something to a file of the one part that is in the staging folder. */
async function patch(
  staging: string,
  name: string,
  change: (file: Deno.FsFile) => Promise<unknown>,
): Promise<void> {
  const [part] = Array.from(Deno.readDirSync(staging));
  using file = await Deno.open(join(staging, part!.name, name), { read: true, write: true });
  await change(file);
}
