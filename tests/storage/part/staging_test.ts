import assert from "node:assert/strict";
import { join } from "node:path";
import { P2pError } from "../../../src/errors.ts";
import { MAX_SEGMENTS_BEHIND } from "../../../src/storage/part/checkpoints.ts";
import { SEGMENT_BYTES } from "../../../src/storage/checkpoint_pace.ts";

import { sampleBytes } from "../../helpers/sample_files.ts";
import { offerOf, openStaging, RENAME, SENDER, sha256, tempFolder, write } from "./staged.ts";
import { fullOr } from "../../helpers/full_or.ts";

const onUnix = { ignore: Deno.build.os === "windows" };

Deno.test("Staging makes the folder, and a private one in it", onUnix, async () => {
  await using folder = await tempFolder();
  const { dir } = await openStaging(join(folder.path, "a", "b"));
  assert.equal(dir, join(folder.path, "a", "b"));
  assert.equal((await Deno.stat(join(dir, ".p2p-partial"))).mode! & 0o777, 0o700);
});

Deno.test("Staging closes a folder that others can read", onUnix, async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(join(folder.path, ".p2p-partial"), { mode: 0o755 });
  await openStaging(folder.path);
  assert.equal((await Deno.stat(join(folder.path, ".p2p-partial"))).mode! & 0o777, 0o700);
});

Deno.test("Staging refuses a link or a file in the place of its folder", onUnix, async () => {
  await using folder = await tempFolder();
  await using outside = await tempFolder();
  const path = join(folder.path, ".p2p-partial");
  await Deno.symlink(outside.path, path);
  await assert.rejects(openStaging(folder.path), { code: "local", message: /it is not a folder/ });
  await Deno.remove(path);
  await Deno.writeTextFile(path, "");
  await assert.rejects(openStaging(folder.path), { code: "local", message: /it is not a folder/ });
  assert.deepEqual([...Deno.readDirSync(outside.path)], []);
});

Deno.test("Staging refuses a folder of somebody else", onUnix, async () => {
  await using folder = await tempFolder();
  const { lstat } = Deno;
  Deno.lstat = async (path) => {
    const info = await lstat(path);
    return String(path).endsWith(".p2p-partial") ? { ...info, uid: info.uid! + 1 } : info;
  };
  try {
    await assert.rejects(openStaging(folder.path), { message: /it belongs to somebody else/ });
  } finally {
    Deno.lstat = lstat;
  }
});

Deno.test(
  "Staging stays in the folder to which a link led when it was opened",
  onUnix,
  async () => {
    await using folder = await tempFolder();
    const [dir, other, link] = ["dir", "other", "link"].map((name) => join(folder.path, name));
    for (const path of [dir!, other!]) await Deno.mkdir(path);
    await Deno.symlink(dir!, link!);
    const staging = await openStaging(link!);
    await Deno.remove(link!);
    await Deno.symlink(other!, link!);
    const part = await staging.claim(SENDER, offerOf(10));
    await write(part, sampleBytes(10));
    assert.equal((await part.publish("x", RENAME)).path, join(dir!, "x"));
    await part.settle();
    assert.deepEqual([...Deno.readDirSync(other!)], []);
  },
);

Deno.test("Staging refuses a target that is a file", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(join(folder.path, "file"), "");
  await assert.rejects(openStaging(join(folder.path, "file")), P2pError);
});

Deno.test("Staging sweeps parts without a change for as long as parts are kept, and no others", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  for (const transfer of ["aa", "bb"]) {
    const part = await staging.claim(SENDER, offerOf(10, { transfer: transfer.repeat(16) }));
    await write(part, sampleBytes(10), { cutAt: 5 });
    await part.release();
  }
  const [old, young] = partsIn(folder.path);
  for (
    const path of [
      old!,
      ...Array.from(Deno.readDirSync(old!), ({ name }) => join(old!, name)),
    ]
  ) {
    await Deno.utime(path, new Date(), new Date(Date.now() - 61_000));
  }
  await openStaging(folder.path);
  assert.deepEqual(partsIn(folder.path), [young]);
});

Deno.test("Staging keeps parts apart by sender and by transfer", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const offer = offerOf(10);
  const parts = [
    await staging.claim(SENDER, offer),
    await staging.claim(new Uint8Array(32), offer),
    await staging.claim(SENDER, { ...offer, transfer: "ff".repeat(16) }),
  ];
  assert.equal(partsIn(folder.path).length, 3);
  for (const part of parts) await part.discard();
});

Deno.test("Staging writes no transfer key down", async () => {
  await using folder = await tempFolder();
  const offer = { ...offerOf(10), key: "K".repeat(43) };
  const part = await (await openStaging(folder.path)).claim(SENDER, offer);
  assert.ok(!(await Deno.readTextFile(join(partsIn(folder.path)[0]!, "journal"))).includes("KKK"));
  await part.release();
});

Deno.test("Staging ends an attempt that still holds a part when the next one claims it", async () => {
  await using folder = await tempFolder();
  const bytes = sampleBytes(2 * SEGMENT_BYTES);
  const staging = await openStaging(folder.path);
  const first = await staging.claim(SENDER, offerOf(bytes.length));
  const writer = first.begin(0).getWriter();
  await writer.write(bytes.slice(0, SEGMENT_BYTES));
  const writing = writer.write(bytes.slice(SEGMENT_BYTES, SEGMENT_BYTES + 1000));
  const second = await staging.claim(SENDER, offerOf(bytes.length));
  await writing.catch(() => {});
  await assert.rejects(writer.write(bytes), { code: "connection", message: /another run/ });
  await assert.rejects(first.publish("x", RENAME), { code: "connection" });
  await first.discard();
  assert.equal(second.offset, SEGMENT_BYTES);
  await write(second, bytes);
  assert.equal(
    sha256(await Deno.readFile((await second.publish("x", RENAME)).path)),
    sha256(bytes),
  );
  await second.settle();
});

Deno.test("Staging gives a part to the last of many that claim it at once", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const parts = await Promise.all(
    Array.from({ length: 20 }, () => staging.claim(SENDER, offerOf(10))),
  );
  for (const part of parts.slice(0, -1)) {
    await assert.rejects(write(part, sampleBytes(10)), { code: "connection" });
  }
  const last = parts.at(-1)!;
  await write(last, sampleBytes(10));
  assert.equal((await last.publish("x", RENAME)).savedAs, "x");
  await last.settle();
});

Deno.test("Staging answers a transfer that is complete with its receipt until it is settled", async () => {
  await using folder = await tempFolder();
  const bytes = sampleBytes(SEGMENT_BYTES + 1);
  const staging = await openStaging(folder.path);
  const part = await staging.claim(SENDER, offerOf(bytes.length));
  await write(part, bytes);
  const published = await part.publish("x.bin", RENAME);
  await part.release();
  await Deno.remove(published.path);
  const again = await (await openStaging(folder.path)).claim(SENDER, offerOf(bytes.length));
  assert.deepEqual(again.receipt, published);
  await again.settle();
  const fresh = await staging.claim(SENDER, offerOf(bytes.length));
  assert.equal(fresh.receipt, undefined);
  await fresh.discard();
});

Deno.test("Staging says whether a name is taken, without following links", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  await Deno.writeFile(join(folder.path, "x"), sampleBytes(10));
  await Deno.symlink(join(folder.path, "none"), join(folder.path, "link"));
  assert.deepEqual(await Promise.all(["none", "x", "link"].map((name) => staging.isTaken(name))), [
    ...[false, true, true],
  ]);
  await assert.rejects(staging.isTaken("../x"), { code: "refused" });
  await assert.rejects(staging.isTaken(".P2P-partial"), { code: "refused" });
});

const AT_ONCE = fullOr(500, 40);

Deno.test(`${AT_ONCE} transfers of one name at once: every file whole, none lost`, async () => {
  await using folder = await tempFolder();
  // Each staging stands for a process of its own: only the operating system is between them.
  const stagings = await Promise.all(Array.from({ length: 4 }, () => openStaging(folder.path)));
  const contents = Array.from({ length: AT_ONCE }, (_, i) => sampleBytes(10 + i, i));
  const names = await mapBounded(contents, async (bytes, i) => {
    const transfer = i.toString(16).padStart(32, "0");
    const part = await stagings[i % 4]!.claim(
      SENDER,
      offerOf(bytes.length, { transfer, name: "photo.png" }),
    );
    await write(part, bytes);
    const { savedAs } = await part.publish("photo.png", RENAME);
    await part.settle();
    return savedAs;
  });
  assert.equal(new Set(names).size, AT_ONCE);
  for (const [i, name] of names.entries()) {
    assert.equal(sha256(await Deno.readFile(join(folder.path, name))), sha256(contents[i]!));
  }
  const there = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  assert.equal(there.length, AT_ONCE + 1);
  assert.ok(there.includes("photo.png") && there.includes(`photo (${AT_ONCE - 1}).png`));
});

Deno.test("a kill costs no more than the segments that may be behind", async () => {
  await using folder = await tempFolder();
  const staging = await openStaging(folder.path);
  const bytes = sampleBytes(4 * 1024 * 1024);
  const part = await staging.claim(SENDER, offerOf(null));
  const writer = part.begin(0).getWriter();
  for (let written = 0; written < fullOr(30, 6) * SEGMENT_BYTES; written += bytes.length) {
    await writer.write(bytes.slice());
    const journalled = lastOffset(join(partsIn(folder.path)[0]!, "journal"));
    assert.ok(written - journalled <= MAX_SEGMENTS_BEHIND * SEGMENT_BYTES);
  }
  await part.discard();
});

function lastOffset(journal: string): number {
  const offsets = Deno.readTextFileSync(journal).matchAll(/"offset":(\d+)/g);
  return Math.max(0, ...Array.from(offsets, ([, offset]) => Number(offset)));
}

function partsIn(dir: string): string[] {
  const staging = join(dir, ".p2p-partial");
  return Array.from(Deno.readDirSync(staging), ({ name }) => join(staging, name));
}

/** Runs `task` for each item, 50 at a time. */
async function mapBounded<T, R>(
  items: readonly T[],
  task: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await task(items[i]!, i);
    }
  }));
  return results;
}
