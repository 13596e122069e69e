import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  ARCHIVE_END,
  type ArchiveEntry,
  encodeEntry,
  TAIL_BYTES,
} from "../../../src/storage/archive/archive.ts";
import type { Part } from "../../../src/storage/part/part.ts";
import type { PartOffer } from "../../../src/storage/part/part_content.ts";
import { SEGMENT_BYTES } from "../../../src/storage/checkpoint_pace.ts";
import { StorageError } from "../../../src/storage/storage_error.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import type { Source } from "../../../src/transfer/source/source.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import {
  copyTree,
  offerOf,
  openStaging,
  RENAME,
  SENDER,
  tempFolder,
  treeOf,
  write,
} from "./staged.ts";
import { fullOr } from "../../helpers/full_or.ts";

const onUnix = { ignore: Deno.build.os === "windows" };

Deno.test(
  "a folder arrives as it was: empty folders and files, modes, times, contents",
  onUnix,
  async () => {
    await using from = await tempFolder();
    await using to = await tempFolder();
    const source = await plant(from.path, {
      "a/empty/": 0,
      "a/x.bin": 300_000,
      "a/y": 0,
      "b": 65_536,
      "b c": 65_537,
      "Ünï/ß/z": 1,
      ".hidden": 5,
      "-dash": 5,
    });
    await Deno.chmod(join(from.path, "sent", "b"), 0o755);
    const opened = await openSource(source);
    const part = await claim(to.path, opened);
    await opened.stream(0).pipeTo(part.begin(0));
    const published = await part.publish("sent", RENAME);
    await part.settle();
    assert.deepEqual(await treeOf(join(to.path, "sent")), await treeOf(source));
    assert.equal(published.bytes, 300_000 + 65_536 + 65_537 + 11);
    assert.equal(published.sha256, await opened.digest(Infinity));
    const [sent, arrived] = await Promise.all(
      [source, published.path].map((path) => Deno.stat(path)),
    );
    assert.deepEqual([arrived!.mtime, arrived!.mode], [sent!.mtime, sent!.mode]);
  },
);

Deno.test("an empty folder arrives", async () => {
  await using from = await tempFolder();
  await using to = await tempFolder();
  const source = await openSource(await plant(from.path, {}));
  const part = await claim(to.path, source);
  await source.stream(0).pipeTo(part.begin(0));
  const { path, bytes } = await part.publish("sent", RENAME);
  assert.deepEqual([bytes, ...Deno.readDirSync(path)], [0]);
  await part.settle();
});

Deno.test("a mode with setuid is published without it", onUnix, async () => {
  await using from = await tempFolder();
  await using to = await tempFolder();
  const path = await plant(from.path, { "tool": 10 });
  await Deno.chmod(join(path, "tool"), 0o6755);
  const source = await openSource(path);
  const part = await claim(to.path, source);
  await source.stream(0).pipeTo(part.begin(0));
  const published = await part.publish("sent", RENAME);
  assert.equal((await Deno.stat(join(published.path, "tool"))).mode! & 0o7777, 0o755);
  await part.settle();
});

const CHUNK = 262_144;

/** How many files make up two segments and a bit. */
const FILES = fullOr(200, 40);

Deno.test("a folder goes on in the middle, wherever it was cut and killed", async () => {
  await using from = await tempFolder();
  const path = await plant(from.path, manyFiles());
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 * SEGMENT_BYTES }),
      fc.boolean(),
      async (cutAt, killed) => {
        await assertGoesOn(path, { cutAt, killed });
      },
    ),
    {
      numRuns: fullOr(11, 1),
      examples: [[2 * SEGMENT_BYTES - 1, true], [SEGMENT_BYTES, false], [3 * SEGMENT_BYTES, false]],
    },
  );
});

Deno.test({
  name: "a folder of 2,000 files goes on in the middle",
  ignore: fullOr(false, true),
  async fn() {
    await using from = await tempFolder();
    const path = await plant(from.path, manyFiles({ count: 2_000 }));
    await assertGoesOn(path, { cutAt: SEGMENT_BYTES + 1000, killed: false });
  },
});

/** Sends the folder at `path` in two attempts, and looks at what arrived. */
async function assertGoesOn(
  path: string,
  { cutAt, killed }: { cutAt: number; killed: boolean },
): Promise<void> {
  await using to = await tempFolder();
  await using other = await tempFolder();
  const source = await openSource(path);
  const archive = await readAll(source);
  const first = await claim(to.path, source);
  await write(first, archive, { cutAt });
  await first.release();
  const dir = killed ? join(other.path, "killed") : to.path;
  if (killed) await copyTree(to.path, dir);
  const second = await claim(dir, source);
  assert.equal(
    second.offset,
    Math.floor(Math.min(cutAt, archive.length) / CHUNK) * CHUNK,
  );
  if (second.offset > 0) assert.equal(second.digest, await source.digest(second.offset));
  await source.stream(second.offset).pipeTo(second.begin(second.offset));
  const published = await second.publish("sent", RENAME);
  await second.settle();
  assert.deepEqual(await treeOf(published.path), await treeOf(path));
}

Deno.test("a folder is cut back to where what is on disk agrees", async () => {
  await using from = await tempFolder();
  const path = await plant(from.path, manyFiles());
  const source = await openSource(path);
  const archive = await readAll(source);
  const whole = await treeOf(path);
  const damage: Record<string, (part: string) => Promise<unknown>> = {
    "a file that changed": (part) =>
      Deno.writeFile(join(part, "tree", ofD1(0.44)), new Uint8Array(3)),
    "a file that is gone": (part) => Deno.remove(join(part, "tree", ofD1(0.5))),
    "a folder that is gone": (part) => Deno.remove(join(part, "tree", "d1"), { recursive: true }),
    "a link in place of a file": async (part) => {
      await Deno.remove(join(part, "tree", "d1", "0001"));
      await Deno.symlink(join(path, "d1", "0001"), join(part, "tree", "d1", "0001"));
    },
    "a manifest that ends early": (part) => Deno.truncate(join(part, "manifest"), 25 * FILES),
    "a manifest that is gone": (part) => Deno.remove(join(part, "manifest")),
    "a manifest that is nonsense": (part) =>
      Deno.writeFile(join(part, "manifest"), sampleBytes(100_000)),
    "files that nobody knows of": (part) =>
      Deno.writeTextFile(join(part, "tree", "zzz"), "left behind"),
  };
  const all = Object.entries(damage);
  for (const [what, spoil] of fullOr(all, all.filter((_, i) => i % 8 === 0))) {
    await using to = await tempFolder();
    const part = await claim(to.path, source);
    await write(part, archive, { cutAt: 2 * SEGMENT_BYTES + 5 });
    await part.release();
    const [id] = Array.from(Deno.readDirSync(join(to.path, ".p2p-partial")), ({ name }) => name);
    await spoil(join(to.path, ".p2p-partial", id!));
    const again = await claim(to.path, source);
    assert.ok(again.offset < 2 * SEGMENT_BYTES || what.startsWith("files"), what);
    await source.stream(again.offset).pipeTo(again.begin(again.offset));
    assert.deepEqual(await treeOf((await again.publish("sent", RENAME)).path), whole, what);
    await again.settle();
  }
});

Deno.test("a folder takes the next free name, and never an empty folder of somebody else", async () => {
  await using from = await tempFolder();
  await using to = await tempFolder();
  const source = await openSource(await plant(from.path, { "x": 5 }));
  await Deno.mkdir(join(to.path, "sent"));
  const part = await claim(to.path, source);
  await source.stream(0).pipeTo(part.begin(0));
  assert.equal((await part.publish("sent", RENAME)).savedAs, "sent (1)");
  await part.settle();
  assert.deepEqual([...Deno.readDirSync(join(to.path, "sent"))], []);
});

Deno.test("a folder that overwrites is merged, file by file", async () => {
  await using from = await tempFolder();
  await using to = await tempFolder();
  const source = await openSource(await plant(from.path, { "s/x": 5, "s/new": 6, "t/y": 7 }));
  await Deno.mkdir(join(to.path, "sent", "s"), { recursive: true });
  await Deno.writeTextFile(join(to.path, "sent", "s", "x"), "old");
  await Deno.writeTextFile(join(to.path, "sent", "s", "kept"), "old");
  const part = await claim(to.path, source);
  await source.stream(0).pipeTo(part.begin(0));
  await part.publish("sent", { onConflict: "overwrite", allowHidden: false });
  await part.settle();
  const tree = Object.keys(await treeOf(join(to.path, "sent")));
  assert.deepEqual(tree, ["s", "s/kept", "s/new", "s/x", "t", "t/y"]);
  assert.equal((await Deno.stat(join(to.path, "sent", "s", "x"))).size, 5);
});

for (
  const step of ["before the folder was made", "between folder and move", "after the move"] as const
) {
  Deno.test(`a crash while a folder is published, ${step}`, async () => {
    await using from = await tempFolder();
    await using to = await tempFolder();
    const files = manyFiles({ bytes: fullOr(ENOUGH, SEGMENT_BYTES) });
    const source = await openSource(await plant(from.path, files));
    const archive = await readAll(source);
    const first = await claim(to.path, source);
    await write(first, archive);
    await first.release();
    const [id] = Array.from(Deno.readDirSync(join(to.path, ".p2p-partial")), ({ name }) => name);
    const part = join(to.path, ".p2p-partial", id!);
    const publication = {
      savedAs: "sent",
      sha256: await source.digest(Infinity),
      bytes: source.size!,
      resumedAt: 0,
    };
    await Deno.writeTextFile(
      join(part, "journal"),
      JSON.stringify({ publish: publication }) + "\n",
      { append: true },
    );
    if (step === "between folder and move") await Deno.mkdir(join(to.path, "sent"));
    if (step === "after the move") await Deno.rename(join(part, "tree"), join(to.path, "sent"));
    const again = await claim(to.path, source);
    if (step === "after the move") {
      assert.deepEqual(again.receipt, { ...publication, path: join(to.path, "sent") });
    } else {
      assert.equal(again.offset, Math.floor(archive.length / SEGMENT_BYTES) * SEGMENT_BYTES);
      await write(again, archive);
      assert.equal((await again.publish("sent", RENAME)).savedAs, "sent");
    }
    await again.settle();
    assert.equal(Object.keys(await treeOf(join(to.path, "sent"))).length, FILES + 4);
  });
}

Deno.test("a folder that lies about itself is refused, and nothing of it is published", async () => {
  const file = (path: string, size: number): ArchiveEntry => (
    { path: [path], folder: false, modified: 5, size, kind: "file", executable: false }
  );
  const two = [
    encodeEntry(file("a", 3)),
    new Uint8Array(3 + TAIL_BYTES),
    encodeEntry(file("b", 4)),
    new Uint8Array(4 + TAIL_BYTES),
    ARCHIVE_END,
  ];
  const lies: [string, Uint8Array[], Partial<PartOffer>][] = [
    ["a byte less than it has", two, { size: 6, files: 2 }],
    ["a byte more than it has", two, { size: 8, files: 2 }],
    ["a file less than it has", two, { size: 7, files: 1 }],
    ["a file more than it has", two, { size: 7, files: 3 }],
    ["no end", two.slice(0, -1), { size: 7, files: 2 }],
    ["half a file", two.slice(0, 1), { size: 3, files: 1 }],
    ["more behind the end", [...two, Uint8Array.of(0)], { size: 7, files: 2 }],
    ["a size over all bounds", [encodeEntry(file("a", Number.MAX_SAFE_INTEGER))], {
      size: 7,
      files: 1,
    }],
    ["a file twice", [...two.slice(2, 4), ...two.slice(2)], { size: 8, files: 2 }],
  ];
  for (const [what, pieces, declared] of lies) {
    await using to = await tempFolder();
    const staging = await openStaging(to.path);
    const part = await staging.claim(SENDER, offerOf(null, { folder: true, ...declared }));
    const archive = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    await assert.rejects(
      async () => {
        await write(part, archive);
        await part.publish("sent", RENAME);
      },
      (error) => error instanceof StorageError && ["damaged", "name"].includes(error.reason),
      what,
    );
    await part.discard();
    assert.deepEqual(Array.from(Deno.readDirSync(to.path), ({ name }) => name), [".p2p-partial"]);
  }
  await using to = await tempFolder();
  const honest = await (await openStaging(to.path)).claim(
    SENDER,
    offerOf(7, { folder: true, files: 2 }),
  );
  await write(honest, new Uint8Array(await new Blob(two as BlobPart[]).arrayBuffer()));
  await honest.publish("sent", RENAME);
  await honest.settle();
});

Deno.test("a folder is refused at the entry that goes over what was declared", async () => {
  const entry = (path: string) => (
    encodeEntry({
      path: [path],
      folder: false,
      modified: 5,
      size: 0,
      kind: "file",
      executable: false,
    })
  );
  const big = encodeEntry({
    path: ["a"],
    folder: false,
    modified: 5,
    size: 8,
    kind: "file",
    executable: false,
  });
  for (const pieces of [[entry("a"), new Uint8Array(TAIL_BYTES), entry("b")], [big]]) {
    await using to = await tempFolder();
    const offer = offerOf(7, { folder: true, files: 1 });
    const part = await (await openStaging(to.path)).claim(SENDER, offer);
    const archive = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    await assert.rejects(write(part, archive, { cutAt: archive.length }), { reason: "damaged" });
    await part.discard();
  }
});

Deno.test("a folder is refused at the entry that is not taken", async () => {
  await using from = await tempFolder();
  await using to = await tempFolder();
  const source = await openSource(await plant(from.path, { "a": 5, "b": 5 }));
  const seen: string[] = [];
  const part = await claim(to.path, source, (entry) => {
    seen.push(entry.path.join("/"));
    if (entry.path[0] === "b") throw new StorageError("kind", "no b here");
  });
  await assert.rejects(source.stream(0).pipeTo(part.begin(0)), { reason: "kind" });
  assert.deepEqual(seen, ["a", "b"]);
  await part.discard();
});

for (
  const [what, size] of [["folder", null], ["small file", 1], ["large file", 100_000]] as const
) {
  Deno.test(`a ${what} is made through no link, not even one inside staging`, onUnix, async () => {
    await using to = await tempFolder();
    await using outside = await tempFolder();
    const offer = offerOf(null, { folder: true, files: 2 });
    const part = await (await openStaging(to.path)).claim(SENDER, offer);
    const writer = part.begin(0).getWriter();
    await writer.write(fileOf(["a"], 0));
    await writer.write(new Uint8Array(TAIL_BYTES));
    const [id] = [...Deno.readDirSync(join(to.path, ".p2p-partial"))];
    const target = size === null ? outside.path : join(outside.path, "file");
    await Deno.symlink(target, join(to.path, ".p2p-partial", id!.name, "tree", "b"));
    const bytes = size === null
      ? [encodeEntry({ path: ["b"], folder: true, modified: 5 }), fileOf(["b", "c"], 0)]
      : [fileOf(["b"], size), new Uint8Array(size + TAIL_BYTES)];
    await assert.rejects(async () => {
      for (const piece of bytes) await writer.write(piece);
      await writer.close();
    }, { code: "local" });
    await part.discard();
    assert.deepEqual([...Deno.readDirSync(outside.path)], []);
  });
}

function fileOf(path: string[], size: number): Uint8Array {
  return encodeEntry({ path, folder: false, modified: 5, size, kind: "file", executable: false });
}

/** A file of folder d1 at that part of the way through {@link manyFiles}. */
function ofD1(part: number): string {
  return join("d1", String(3 * Math.floor(FILES * part / 3) + 1).padStart(4, "0"));
}

/** So much makes two segments and a bit, whatever the files. */
const ENOUGH = 18 * 2 ** 20;

/** Files in three folders, and one behind them: `bytes`, and 4 MiB. */
function manyFiles({ count = FILES, bytes = ENOUGH } = {}): Record<string, number> {
  const size = Math.floor(bytes / count);
  const files = Array.from({ length: count }, (_, i) => {
    return [`d${i % 3}/${String(i).padStart(4, "0")}`, i % (count / 4) === 7 ? 2 ** 20 : size];
  });
  return Object.fromEntries([...files, ["e", 100_000]]);
}

/** Makes files of the given sizes, and folders for names that end in a slash. */
async function plant(dir: string, files: Record<string, number>): Promise<string> {
  const root = join(dir, "sent");
  await Deno.mkdir(root);
  const bytes = sampleBytes(2 ** 20, 3);
  for (const [name, size] of Object.entries(files)) {
    const path = join(root, name);
    await Deno.mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
    if (name.endsWith("/")) continue;
    Deno.writeFileSync(path, bytes.subarray(0, size));
    Deno.utimeSync(path, new Date(), new Date(1_600_000_000_000 + size));
  }
  for (const { name, isDirectory } of Deno.readDirSync(root)) {
    if (isDirectory) Deno.utimeSync(join(root, name), new Date(), new Date(1_500_000_000_001));
  }
  Deno.utimeSync(root, new Date(), new Date(1_400_000_000_002));
  return root;
}

async function claim(
  dir: string,
  source: Source,
  accepts?: (entry: ArchiveEntry) => void,
): Promise<Part> {
  const { name, size, folder, files, modified } = source;
  const offer = offerOf(size, { name, folder, files, modified });
  return await (await openStaging(dir)).claim(SENDER, offer, { accepts });
}

async function readAll(source: Source): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(source.stream(0) as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );
}
