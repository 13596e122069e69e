import assert from "node:assert/strict";
import { join } from "node:path";
import { MAX_PENDING_BYTES, WriteQueue } from "../../src/storage/write_queue.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sha256, tempFolder } from "./part/staged.ts";

const PIECE_BYTES = MAX_PENDING_BYTES / 2;
const NEW = { name: "x", offset: 0, createNew: true, mode: 0o600 };

Deno.test("WriteQueue writes all, in order, where the system takes only a part of a write", async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, "x");
  const bytes = sampleBytes(100_000);
  await withWrite((file, data) => file.writeSync(data.subarray(0, 7_001)), async () => {
    const queue = await WriteQueue.open(path, NEW);
    for (let at = 0; at < bytes.length; at += 30_000) {
      await queue.write(bytes.subarray(at, at + 30_000));
    }
    await queue.sync();
    await queue.close();
  });
  assert.equal(sha256(await Deno.readFile(path)), sha256(bytes));
});

Deno.test("WriteQueue throws what a write failed with at the next call, and writes nothing after it", async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, "x");
  const wrong = { reason: "space", message: 'cannot write "x": no space left' };
  let writes = 0;
  const fail = () => {
    writes += 1;
    throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  };
  await withWrite(fail, async () => {
    const queue = await WriteQueue.open(path, NEW);
    await queue.write(new Uint8Array(10));
    await assert.rejects(queue.flush(), wrong);
    await assert.rejects(queue.sync(), wrong);
    await assert.rejects(queue.write(new Uint8Array(10)), wrong);
    await queue.close();
  });
  assert.equal(writes, 1);
});

Deno.test("WriteQueue holds no more than its bound", async () => {
  await using folder = await tempFolder();
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const slow = async (
    file: Deno.FsFile,
    data: Uint8Array,
  ) => (await gate.promise, file.writeSync(data));
  await withWrite(slow, async () => {
    const queue = await WriteQueue.open(join(folder.path, "x"), NEW);
    const writing = (async () => {
      for (let i = 0; i < 10; i++) {
        await queue.write(new Uint8Array(PIECE_BYTES));
        taken += PIECE_BYTES;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(taken, MAX_PENDING_BYTES);
    gate.resolve();
    await writing;
    await queue.close();
  });
});

Deno.test("WriteQueue writes at once where it is told to be quick", async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, "x");
  const bytes = sampleBytes(1_000);
  await withWrite(() => assert.fail("left to another thread"), async () => {
    const queue = await WriteQueue.open(path, { ...NEW, quick: true });
    await queue.write(bytes.slice());
    await queue.flush();
    assert.deepEqual(await Deno.readFile(path), bytes);
    await queue.close();
  });
});

Deno.test("WriteQueue makes its file new, through no link", async () => {
  await using folder = await tempFolder();
  await Deno.symlink(join(folder.path, "target"), join(folder.path, "x"));
  await assert.rejects(WriteQueue.open(join(folder.path, "x"), NEW), Deno.errors.AlreadyExists);
  await assert.rejects(Deno.lstat(join(folder.path, "target")), Deno.errors.NotFound);
});

/** Runs `task` with `write` in the place of the system's; each test file has a runtime of its own. */
async function withWrite(
  write: (file: Deno.FsFile, data: Uint8Array) => number | Promise<number>,
  task: () => Promise<void>,
): Promise<void> {
  const original = Deno.FsFile.prototype.write;
  Deno.FsFile.prototype.write = async function (data) {
    return await write(this, data);
  };
  try {
    await task();
  } finally {
    Deno.FsFile.prototype.write = original;
  }
}
