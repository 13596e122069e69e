import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { BLOCK_BYTES, type Missing } from "../../../src/storage/archive/archive.ts";
import { ArchiveDecoder } from "../../../src/storage/archive/archive_decoder.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import type { Source } from "../../../src/transfer/source/source.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { sha256, tempFolder } from "../../storage/part/staged.ts";

const onUnix = { ignore: Deno.build.os === "windows" };
const onLinux = { ignore: Deno.build.os !== "linux" };
const C = CHUNK_BYTES;

/** What a test does to the file `f` or `large` of a folder, and how the file is then. */
const CHANGES: Record<string, [change: (path: string) => unknown, state: Missing]> = {
  "grows": [(path) => Deno.writeFile(path, sampleBytes(1), { append: true }), "changed"],
  "shrinks": [(path) => Deno.truncate(path, 5), "changed"],
  "is written to": [(path) => Deno.writeFile(path, sampleBytes(10, 5)), "changed"],
  "is replaced": [async (path) => {
    const { mtime } = await Deno.stat(path);
    await Deno.copyFile(path, `${path}.new`);
    await Deno.utime(`${path}.new`, mtime!, mtime!);
    await Deno.rename(`${path}.new`, path);
  }, "changed"],
  "is removed": [(path) => Deno.remove(path), "gone"],
  "becomes a folder": [async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  }, "changed"],
  "becomes a FIFO": [async (path) => {
    await Deno.remove(path);
    await new Deno.Command("mkfifo", { args: [path] }).output();
  }, "changed"],
  "becomes a link": [async (path) => {
    await Deno.rename(path, `${path}.old`);
    await Deno.symlink(`${path}.old`, path);
  }, "changed"],
};

for (const name of ["f", "large"]) {
  for (const [what, [change, state]] of Object.entries(CHANGES)) {
    Deno.test(
      `a folder goes without a file ${name} that ${what} before its turn`,
      onUnix,
      async () => {
        await using folder = await tempFolder();
        const root = await plant(folder.path);
        const source = await openSource(root);
        const before = await contents(root);
        await change(join(root, name));
        const { files, bytes } = await read(source);
        assert.deepEqual(files, { ...before, [name]: state });
        assert.deepEqual(source.missing.map(({ path, state }) => [path, state]), [[name, state]]);
        // A second stream is the same as the first.
        for (const offset of [0, 10, C, bytes.length - 5]) {
          assert.deepEqual((await read(source, { offset })).bytes, bytes.subarray(offset));
        }
        assert.equal(source.missing.length, 1);
      },
    );
  }
}

Deno.test(
  "a file of a folder that is written to while it is read says so in its tail",
  onUnix,
  async () => {
    for (const what of ["grows", "shrinks", "is written to"]) {
      await using folder = await tempFolder();
      const root = await plant(folder.path);
      const source = await openSource(root);
      const [change] = CHANGES[what]!;
      const { files } = await read(source, { afterFirst: () => change(join(root, "large")) });
      assert.deepEqual(Object.keys(files), ["a", "a/x", "f", "large", "z"]);
      assert.equal(files.large, "changed", what);
      assert.equal(files.z, sha256(sampleBytes(C, 4)), what);
      assert.match(source.missing[0]!.reason, /^it changed while it was sent$/);
    }
  },
);

Deno.test(
  "only metadata of a file that moves while its folder goes out changes nothing",
  onUnix,
  async () => {
    await using folder = await tempFolder();
    const root = await plant(folder.path);
    const source = await openSource(root);
    for (const name of ["f", "z"]) await Deno.link(join(root, name), join(folder.path, name));
    const { files } = await read(source, {
      afterFirst: () => Deno.chmod(join(root, "large"), 0o600),
    });
    assert.deepEqual([files, source.missing], [await contents(root), []]);
  },
);

Deno.test("a snapshot of a folder has files as they were, also where they grow", async () => {
  await using folder = await tempFolder();
  const root = await plant(folder.path);
  const before = await contents(root);
  const source = await openSource(root, { snapshot: true });
  const grow = (name: string) => Deno.writeFile(join(root, name), sampleBytes(9), { append: true });
  await grow("f");
  const { files } = await read(source, { afterFirst: () => grow("large") });
  assert.deepEqual([files, source.missing], [before, []]);
});

Deno.test(
  "a folder of which the system states no sizes is read to the end of each file",
  onLinux,
  async () => {
    const root = "/sys/kernel/mm/transparent_hugepage";
    if (await Deno.stat(root).then(() => false, () => true)) return; // Not every kernel has it.
    const source = await openSource(root);
    assert.equal(source.size, null);
    const { files } = await read(source);
    for (const [path, content] of Object.entries(files)) {
      if (content === "" || content === "folder" || content === "unreadable") continue;
      assert.equal(content, sha256(await Deno.readFile(join(root, path))), path);
    }
    assert.ok(Object.keys(files).length > 3);
  },
);

Deno.test("content in blocks is what a file has, whatever its length", onLinux, async () => {
  await using folder = await tempFolder();
  for (const length of [1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES]) {
    const root = join(folder.path, `${length}`);
    await Deno.mkdir(root);
    await Deno.writeFile(join(root, "x"), new Uint8Array(0));
    const source = await openSource(root);
    // The look at it found it empty, which it is no more: that is no file of unknown size.
    await Deno.writeFile(join(root, "x"), sampleBytes(length));
    assert.equal((await read(source)).files.x, "changed");
  }
});

Deno.test("all that cannot go is told at once, before anything is sent, and can be left out", {
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
}, async () => {
  await using folder = await tempFolder();
  const root = await plant(folder.path);
  for (const name of ["f", "z"]) await Deno.chmod(join(root, name), 0);
  await assert.rejects(openSource(root), (error: Error & { code: string; hint: string }) => {
    assert.equal(error.code, "local");
    assert.match(error.message, /\/f": permission denied; .*\/z": permission denied/);
    assert.match(error.hint, /--skip-unreadable/);
    return true;
  });
  const source = await openSource(root, { skipUnreadable: true });
  assert.deepEqual(source.leftOut.map(({ path }) => path), ["f", "z"]);
  assert.deepEqual(Object.keys((await read(source)).files), ["a", "a/x", "large"]);
});

Deno.test(
  "a folder that is swapped for a link while its parent goes out gives nothing of the other",
  onUnix,
  async () => {
    await using folder = await tempFolder();
    const root = await plant(folder.path);
    await Deno.mkdir(join(folder.path, "private"));
    await Deno.writeFile(join(folder.path, "private", "x"), sampleBytes(100, 77));
    const before = (await Deno.stat(join(root, "a/x"))).mtime!;
    await Deno.utime(join(folder.path, "private", "x"), before, before);
    const source = await openSource(root);
    await Deno.rename(join(root, "a"), join(folder.path, "moved"));
    await Deno.symlink(join(folder.path, "private"), join(root, "a"));
    const { files } = await read(source);
    assert.equal(files["a/x"], "changed");
  },
);

/** A folder with files of several sizes; `a/x` has 100 bytes. */
async function plant(dir: string): Promise<string> {
  const root = join(dir, "sent");
  await Deno.mkdir(join(root, "a"), { recursive: true });
  const sizes = { "a/x": 100, "f": 70, "large": 5 * C + 5, "z": C };
  for (const [i, [name, size]] of Object.entries(sizes).entries()) {
    await Deno.writeFile(join(root, name), sampleBytes(size, i + 1));
    await Deno.utime(join(root, name), new Date(), new Date(1_600_000_000_000));
  }
  return root;
}

/** The digest of each file of `root`, by name, as {@link read} gives them. */
async function contents(root: string): Promise<Record<string, string>> {
  const all: Record<string, string> = { "a": "folder" };
  for (const name of ["a/x", "f", "large", "z"]) {
    all[name] = await Deno.readFile(join(root, name)).then(sha256, () => "");
  }
  return all;
}

/** What the stream of a folder brings: by path a digest, or why it is missing. */
async function read(
  source: Source,
  { offset = 0, afterFirst }: { offset?: number; afterFirst?: () => unknown } = {},
): Promise<{ files: Record<string, string>; bytes: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream(offset)) {
    if (chunks.length === 0) await afterFirst?.();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return { files: offset === 0 ? decode(bytes) : {}, bytes };
}

function decode(bytes: Uint8Array): Record<string, string> {
  const decoder = new ArchiveDecoder();
  const files: Record<string, string> = {};
  let path = "";
  let content = createHash("sha256");
  for (const event of decoder.push(bytes)) {
    if (event.type === "entry") {
      path = event.entry.path.join("/");
      files[path] = event.entry.folder ? "folder" : event.entry.missing ?? "";
      content = createHash("sha256");
    }
    if (event.type === "content") content.update(event.bytes);
    if (event.type !== "tail") continue;
    const digest = event.tail.sha256.toHex();
    assert.equal(digest, content.digest("hex"));
    files[path] = event.tail.missing ?? digest;
  }
  assert.ok(decoder.ended);
  return files;
}
