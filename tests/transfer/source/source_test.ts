import assert from "node:assert/strict";
import { join } from "node:path";
import { setImmediate } from "node:timers";
import { P2pError } from "../../../src/errors.ts";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { ArchiveDecoder } from "../../../src/storage/archive/archive_decoder.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import type { Source } from "../../../src/transfer/source/source.ts";
import { stdinSource, textSource } from "../../../src/transfer/source/stdin_source.ts";
import { sampleBytes, samplePng } from "../../helpers/sample_files.ts";
import { sha256, tempFolder } from "../../storage/part/staged.ts";
import { fullOr } from "../../helpers/full_or.ts";

const onUnix = { ignore: Deno.build.os === "windows" };
const C = CHUNK_BYTES;

for (const size of [0, 1, C - 1, C, C + 1, 5 * C, 5 * C + 7]) {
  Deno.test(`a file of ${size} bytes is read in exact chunks, from any offset`, async () => {
    await using folder = await tempFolder();
    const bytes = sampleBytes(size);
    const source = await openSource(await file(folder.path, "x.bin", bytes));
    for (const offset of [0, 1, C, size].filter((at) => at <= size)) {
      const chunks = await chunksOf(source, offset);
      assert.deepEqual(chunks.slice(0, -1).filter(({ length }) => length !== C), []);
      assert.ok(chunks.every(({ length }) => length > 0));
      assert.equal(new Set(chunks.map(({ buffer }) => buffer)).size, chunks.length);
      assert.equal(sha256(joined(chunks)), sha256(bytes.subarray(offset)));
      assert.equal(await source.digest(offset), sha256(bytes.subarray(0, offset)));
    }
    assert.equal(await source.digest(size + 1), sha256(bytes));
  });
}

Deno.test("a file is described as its offer wants it", onUnix, async () => {
  await using folder = await tempFolder();
  const path = await file(folder.path, "photo.bin", samplePng(8, 8));
  await Deno.utime(path, new Date(), new Date(1_700_000_000_123));
  await Deno.chmod(path, 0o755);
  const { name, kind, size, folder: isFolder, files, modified, executable, text } =
    await openSource(path);
  assert.deepEqual({ name, kind, isFolder, files, modified, executable, text }, {
    name: "photo.bin",
    kind: "image",
    isFolder: false,
    files: 1,
    modified: 1_700_000_000_123,
    executable: true,
    text: false,
  });
  assert.equal(size, samplePng(8, 8).length);
  assert.equal((await openSource(path, { as: "other.png" })).name, "other.png");
});

Deno.test("a name that no receiver takes is refused at once, with a hint", onUnix, async () => {
  await using folder = await tempFolder();
  const path = await file(folder.path, "a\u200Bb", sampleBytes(1));
  await assert.rejects(openSource(path), { code: "local", hint: /--as NAME/ });
  await assert.rejects(openSource(path, { as: "../x" }), {
    code: "local",
    message: 'cannot send it as "../x": a name cannot contain "/"',
  });
  assert.equal((await openSource(path, { as: "ok" })).name, "ok");
});

Deno.test("a missing file is a local error that names it", async () => {
  await assert.rejects(openSource("/none/at all"), {
    code: "local",
    message: 'cannot send "/none/at all": no such file or folder',
  });
});

Deno.test("a FIFO and a device fail at once; a link to a file is followed", onUnix, async () => {
  await using folder = await tempFolder();
  const fifo = join(folder.path, "fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  await assert.rejects(openSource(fifo), { code: "local", message: /it is a FIFO/ });
  await assert.rejects(openSource("/dev/null"), { code: "local", message: /it is a device/ });
  const target = await file(folder.path, "target", sampleBytes(10));
  await Deno.symlink(target, join(folder.path, "link"));
  const source = await openSource(join(folder.path, "link"));
  assert.deepEqual([source.name, await source.digest(10)], ["link", sha256(sampleBytes(10))]);
});

Deno.test(
  "a file that grows, shrinks, is written to, replaced or removed while it is sent fails as changed",
  onUnix,
  async () => {
    const changes: Record<string, (path: string) => Promise<unknown>> = {
      "grows": (path) => Deno.writeFile(path, sampleBytes(1), { append: true }),
      "shrinks": (path) => Deno.truncate(path, 6 * C),
      "is written to": (path) => Deno.writeFile(path, sampleBytes(8 * C, 2)),
      "is replaced": async (path) => {
        await Deno.writeFile(`${path}2`, sampleBytes(8 * C));
        await Deno.rename(`${path}2`, path);
      },
      "disappears": (path) => Deno.remove(path),
      "becomes a FIFO": async (path) => {
        await Deno.remove(path);
        await new Deno.Command("mkfifo", { args: [path] }).output();
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      await using folder = await tempFolder();
      const path = await file(folder.path, "x.bin", sampleBytes(8 * C));
      const source = await openSource(path);
      const reader = source.stream(0).getReader();
      await reader.read();
      await change(path);
      const rest = async () => {
        while (!(await reader.read()).done);
      };
      const wrong = {
        code: "local",
        reason: "changed",
        message: '"x.bin" changed while it was sent',
      };
      await assert.rejects(rest(), wrong, what);
      if (what !== "disappears") await assert.rejects(chunksOf(source, 0), wrong, what);
    }
  },
);

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("a file of which the system states no size is read to its end", onLinux, async () => {
  for (
    const path of [
      "/proc/version",
      "/proc/self/limits",
      "/sys/kernel/mm/transparent_hugepage/enabled",
    ]
  ) {
    const expected = await Deno.readFile(path).catch(() => undefined);
    if (expected === undefined) continue; // Not every system has each of them.
    const source = await openSource(path);
    assert.deepEqual([source.size, source.stamp], [null, null], path);
    assert.deepEqual(joined(await chunksOf(source, 0)), expected, path);
    assert.equal(await source.digest(Infinity), sha256(expected), path);
  }
});

Deno.test("where only metadata moves while a file is sent, it arrives", onUnix, async () => {
  const touches: Record<string, (path: string) => Promise<unknown>> = {
    "another mode": (path) => Deno.chmod(path, 0o600),
    "another name": (path) => Deno.link(path, `${path}${crypto.randomUUID()}`),
  };
  for (const [what, touch] of Object.entries(touches)) {
    for (const at of [0, C]) {
      await using folder = await tempFolder();
      const path = await file(folder.path, "x.bin", sampleBytes(6 * C));
      const source = await openSource(path);
      assert.equal(await source.digest(at), sha256(sampleBytes(6 * C).subarray(0, at)));
      const reader = source.stream(at).getReader();
      const first = await reader.read();
      await touch(path);
      const rest = await drain(streamOf(reader));
      assert.equal(
        sha256(joined([first.value!, ...rest])),
        sha256(sampleBytes(6 * C).subarray(at)),
      );
      assert.equal((await openSource(path)).stamp, source.stamp, what);
      assert.notEqual((await openSource(path)).exactStamp, source.exactStamp, what);
    }
  }
});

Deno.test(
  "a file whose content changes while its size and time are put back has changed",
  onUnix,
  async () => {
    for (const at of [0, 2 * C]) {
      await using folder = await tempFolder();
      const path = await file(folder.path, "x.bin", sampleBytes(8 * C));
      const source = await openSource(path);
      await source.digest(at);
      const reader = source.stream(at).getReader();
      await reader.read();
      {
        using changed = await Deno.open(path, { write: true });
        await changed.write(sampleBytes(10, 9));
      }
      await Deno.utime(path, new Date(), new Date(1_600_000_000_000));
      await Deno.chmod(path, 0o600); // The time of a change alone shows after a second.
      await assert.rejects(drain(streamOf(reader)), { reason: "changed" });
    }
  },
);

Deno.test("a snapshot is what a file had when it was opened, also where it grows", async () => {
  await using folder = await tempFolder();
  const path = await file(folder.path, "x.log", sampleBytes(8 * C + 5));
  const source = await openSource(path, { snapshot: true });
  const reader = source.stream(0).getReader();
  const first = await reader.read();
  await Deno.writeFile(path, sampleBytes(100), { append: true });
  const rest = await drain(streamOf(reader));
  assert.equal(sha256(joined([first.value!, ...rest])), sha256(sampleBytes(8 * C + 5)));
  assert.equal(source.size, 8 * C + 5);
  const cut = source.stream(0).getReader();
  await cut.read();
  await Deno.truncate(path, 7 * C);
  await assert.rejects(drain(streamOf(cut)), { reason: "changed" });
});

Deno.test("a stream that is cancelled or aborted closes its file", async () => {
  await using folder = await tempFolder();
  const path = await file(folder.path, "x.bin", sampleBytes(8 * C));
  const reader = (await openSource(path)).stream(0).getReader();
  await reader.read();
  await reader.cancel();
  const stop = new AbortController();
  const stopped = (await openSource(path, { signal: stop.signal })).stream(0).getReader();
  await stopped.read();
  stop.abort(new P2pError("interrupted", "stop"));
  await assert.rejects(async () => {
    while (!(await stopped.read()).done);
  }, { code: "interrupted" });
});

Deno.test("the stamp of a source stays, and changes with its content, time or name", async () => {
  await using folder = await tempFolder();
  const path = await file(folder.path, "f/x", sampleBytes(10));
  const ids = async () => [
    (await openSource(path)).stamp,
    (await openSource(join(folder.path, "f"))).stamp,
  ];
  const first = await ids();
  assert.deepEqual(await ids(), first);
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o600);
  assert.deepEqual(await ids(), first);
  await Deno.utime(path, new Date(), new Date(1000));
  const second = await ids();
  assert.ok(second.every((id, i) => id !== first[i]));
  await Deno.rename(path, join(folder.path, "f", "y"));
  assert.notEqual((await openSource(join(folder.path, "f"))).stamp, second[1]);
});

Deno.test("a folder is one archive, in order, the same from every offset", async () => {
  await using folder = await tempFolder();
  const root = await tree(folder.path);
  const source = await openSource(root);
  assert.deepEqual([source.name, source.folder, source.files, source.size], [
    "sent",
    true,
    6,
    3 * C + 70_020 + samplePng(4, 4).length,
  ]);
  const chunks = await chunksOf(source, 0);
  const archive = joined(chunks);
  assert.deepEqual(chunks.slice(0, -1).filter(({ length }) => length !== C), []);
  const decoder = new ArchiveDecoder();
  const found: string[] = [];
  for (const event of decoder.push(archive)) {
    if (event.type === "entry") {
      found.push(event.entry.path.join("/") + (event.entry.folder ? "/" : ` ${event.entry.kind}`));
    }
  }
  assert.ok(decoder.ended);
  assert.deepEqual(found, [
    "B json",
    "a/",
    "a/b/",
    "a/b/big file",
    "a/x image",
    "empty/",
    "z file",
    "\u{1f600} file",
    "\uff5e.csv csv",
  ]);
  for (const offset of [1, 100, C, 2 * C + 77, archive.length - 1, archive.length]) {
    assert.equal(
      sha256(joined(await chunksOf(source, offset))),
      sha256(archive.subarray(offset)),
      `${offset}`,
    );
    assert.equal(await source.digest(offset), sha256(archive.subarray(0, offset)));
  }
});

Deno.test("a folder leaves out links, FIFOs and sockets, and says so", onUnix, async () => {
  await using folder = await tempFolder();
  const root = await tree(folder.path);
  await Deno.symlink("/etc", join(root, "a", "link"));
  await new Deno.Command("mkfifo", { args: [join(root, "fifo")] }).output();
  const source = await openSource(root);
  assert.deepEqual(source.leftOut, [
    { path: "a/link", reason: "it is a symbolic link" },
    { path: "fifo", reason: "it is a FIFO" },
  ]);
  assert.equal(source.files, 6);
  await chunksOf(source, 0);
});

Deno.test(
  "a folder with a name that no receiver takes, or with twins, is refused before anything is sent",
  onUnix,
  async () => {
    for (const names of [["a\\b"], ["a\nb"], ["\u00e9", "e\u0301"]]) {
      await using folder = await tempFolder();
      for (const name of names) await file(folder.path, `sent/${name}`, sampleBytes(1));
      await assert.rejects(openSource(join(folder.path, "sent")), {
        code: "local",
        hint: /rename it/,
      });
    }
  },
);

Deno.test("names that not every system can hold are sent as they are", onUnix, async () => {
  await using folder = await tempFolder();
  const names = ["10:30.png", "con", "end.", "x", "X", "می\u200Cخواهم.txt"];
  for (const name of names) {
    const path = await file(folder.path, `sent/${name}`, sampleBytes(1));
    assert.equal((await openSource(path)).name, name);
  }
  assert.equal((await openSource(join(folder.path, "sent"))).files, names.length);
});

Deno.test(
  "portable names are changed at the sender, in the order of what they are now",
  onUnix,
  async () => {
    await using folder = await tempFolder();
    for (const name of ["10:30.png", "10_30.png", "a~", "A~", "con/x?", "plain"]) {
      await file(folder.path, `sent:now/${name}`, sampleBytes(1));
    }
    const source = await openSource(join(folder.path, "sent:now"), { names: "portable" });
    assert.equal(source.name, "sent_now");
    assert.deepEqual(source.renamed, [
      { name: "10_30.png", savedAs: "10_30 (1).png" },
      { name: "10:30.png", savedAs: "10_30.png" },
      { name: "con", savedAs: "_con" },
      { name: "_con/x?", savedAs: "_con/x_" },
      { name: "a~", savedAs: "a~ (1)" },
    ]);
    const names: string[] = [];
    const decoder = new ArchiveDecoder();
    for await (const chunk of source.stream(0)) {
      for (const event of decoder.push(chunk)) {
        if (event.type === "entry") names.push(event.entry.path.join("/"));
      }
    }
    assert.ok(decoder.ended);
    assert.deepEqual(names, [
      ...["10_30 (1).png", "10_30.png", "A~", "_con", "_con/x_", "a~ (1)", "plain"],
    ]);
    const path = join(folder.path, "sent:now", "10:30.png");
    assert.equal((await openSource(path, { names: "portable" })).name, "10_30.png");
  },
);

const MANY = fullOr(10_000, 600);

Deno.test(`a folder of ${MANY} files is read in bounded memory while the event loop turns`, async () => {
  await using folder = await tempFolder();
  const bytes = sampleBytes(1024);
  for (let i = 0; i < MANY; i++) {
    if (i % 1000 === 0) Deno.mkdirSync(join(folder.path, `d${i / 1000}`));
    Deno.writeFileSync(join(folder.path, `d${Math.floor(i / 1000)}`, `${i}`), bytes);
  }
  let [turns, isOver] = [0, false];
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  count();
  const source = await openSource(folder.path);
  const atSurvey = turns;
  const chunks = (await chunksOf(source, 0)).length;
  isOver = true;
  assert.equal(source.files, MANY);
  assert.ok(chunks > MANY / 250, `${chunks} chunks`);
  // It turns once in 500 entries while they are counted, and once in each chunk.
  assert.ok(atSurvey > MANY / 500, `${atSurvey} turns`);
  assert.ok(turns - atSurvey >= chunks - 1, `${turns - atSurvey} turns for ${chunks} chunks`);
});

Deno.test("standard input is read once, in exact chunks, whatever its pieces", async () => {
  const bytes = sampleBytes(2 * C + 5);
  for (const piece of [1000, C, 3 * C]) {
    const source = await stdinSource(pieces(bytes, piece), "x.bin");
    assert.deepEqual([source.size, source.files, source.stamp], [null, 1, null]);
    assert.equal(await source.digest(0), sha256(new Uint8Array(0)));
    await assert.rejects(source.digest(1), { code: "local" });
    const chunks = await chunksOf(source, 0);
    assert.deepEqual(chunks.map(({ length }) => length), [C, C, 5]);
    assert.equal(sha256(joined(chunks)), sha256(bytes));
    assert.throws(() => source.stream(0), { code: "local", hint: /write it to a file/ });
    await source.close();
  }
});

Deno.test("standard input may be empty, has the kind of its first bytes, and can be closed unread", async () => {
  assert.deepEqual(await chunksOf(await stdinSource(pieces(new Uint8Array(0), 1), "x"), 0), []);
  const image = await stdinSource(pieces(samplePng(4, 4), 1000), "x");
  assert.equal(image.kind, "image");
  await image.close();
  await assert.rejects(stdinSource(pieces(new Uint8Array(0), 1), "a/b"), { code: "local" });
});

Deno.test("text is a source of its own", async () => {
  const source = textSource("grüße", "note");
  assert.deepEqual([source.text, source.kind, source.size, source.name], [true, "file", 7, "note"]);
  assert.equal(new TextDecoder().decode(joined(await chunksOf(source, 0))), "grüße");
  assert.equal(await source.digest(7), sha256(new TextEncoder().encode("grüße")));
});

async function file(dir: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(dir, name);
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(path, bytes);
  // Long ago, so that each change after it shows.
  await Deno.utime(path, new Date(), new Date(1_600_000_000_000));
  return path;
}

/**
 * Six files and three folders. By UTF-16 units the smiling face comes before the tilde, by code
 * points after it.
 */
async function tree(dir: string): Promise<string> {
  const root = join(dir, "sent");
  await file(root, "B", new TextEncoder().encode('{"a":1}'));
  await file(root, "a/b/big", sampleBytes(3 * C));
  await file(root, "a/x", samplePng(4, 4));
  await file(root, "z", sampleBytes(70_000));
  await file(root, "\u{1f600}", sampleBytes(5));
  await file(root, "\uff5e.csv", new TextEncoder().encode("a,b\n1,2\n"));
  await Deno.mkdir(join(root, "empty"));
  return root;
}

function pieces(bytes: Uint8Array, length: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += length));
    },
  });
}

function chunksOf(source: Source, offset: number): Promise<Uint8Array[]> {
  return drain(source.stream(offset));
}

/** What is left to read, as a stream. */
function streamOf(reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function joined(chunks: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
