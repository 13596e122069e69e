import assert from "node:assert/strict";
import {
  AdaptiveFile,
  BREATH_EVERY,
  FIRST_DETOUR,
  SLOW_MS,
} from "../../src/storage/adaptive_file.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const BYTES = sampleBytes(20 * BREATH_EVERY);

Deno.test("AdaptiveFile reads and writes what a file does, from where it stands", async () => {
  await using test = await Opened.open();
  await test.file.seek(BYTES.length - 3, Deno.SeekMode.Start);
  const into = new Uint8Array(10);
  assert.equal(await test.quick.read(into), 3);
  assert.deepEqual(into.subarray(0, 3), BYTES.subarray(-3));
  assert.equal(await test.quick.read(into), null);
  assert.equal(await test.quick.write(into.subarray(0, 3)), 3);
  assert.deepEqual((await test.content()).subarray(BYTES.length), BYTES.subarray(-3));
  assert.deepEqual(test.calls, ["at once", "at once", "at once"]);
});

Deno.test("AdaptiveFile leaves what follows a slow operation to another thread, more each time", async () => {
  await using test = await Opened.open({ isSlow: true });
  const bytes = await test.readBytes(3 * FIRST_DETOUR + 3);
  const threads = (count: number) => Array.from({ length: count }, () => "thread");
  assert.deepEqual(test.calls, [
    "at once",
    ...threads(FIRST_DETOUR),
    "at once",
    ...threads(2 * FIRST_DETOUR),
    "at once",
  ]);
  assert.deepEqual(bytes, BYTES.subarray(0, bytes.length));
});

Deno.test("AdaptiveFile lets others have their turn while it is fast, too", async () => {
  await using test = await Opened.open();
  assert.deepEqual(await test.readBytes(20 * BREATH_EVERY), BYTES);
  assert.ok(test.calls.filter((call) => call === "thread").length >= 20);
});

Deno.test("AdaptiveFile throws what the system says", async () => {
  await using unread = await Opened.open({ read: false });
  await assert.rejects(unread.quick.read(new Uint8Array(1)));
  await using unwritten = await Opened.open({ write: false });
  await assert.rejects(unwritten.quick.write(new Uint8Array(1)));
});

/** A file that is read and written, and which way each operation took. */
class Opened implements AsyncDisposable {
  readonly file: Deno.FsFile;
  readonly quick: AdaptiveFile;
  readonly calls: ("at once" | "thread")[] = [];
  readonly #dir: TempDir;

  static async open({ isSlow = false, read = true, write = true } = {}): Promise<Opened> {
    const dir = await TempDir.make();
    await Deno.writeFile(dir.join("x"), BYTES);
    return new Opened(dir, await Deno.open(dir.join("x"), { read, write }), isSlow);
  }

  private constructor(dir: TempDir, file: Deno.FsFile, isSlow: boolean) {
    this.#dir = dir;
    this.file = file;
    const { read, readSync, write, writeSync } = file;
    file.read = (into) => (this.calls.push("thread"), read.call(file, into));
    file.write = (bytes) => (this.calls.push("thread"), write.call(file, bytes));
    file.writeSync = (bytes) => (this.calls.push("at once"), writeSync.call(file, bytes));
    file.readSync = (into) => {
      this.calls.push("at once");
      if (isSlow) beSlow();
      return readSync.call(file, into);
    };
    this.quick = new AdaptiveFile(file);
  }

  /** So many reads of a byte each. */
  async readBytes(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) await this.quick.read(bytes.subarray(i, i + 1));
    return bytes;
  }

  content(): Promise<Uint8Array> {
    return Deno.readFile(this.#dir.join("x"));
  }

  async [Symbol.asyncDispose]() {
    this.file.close();
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** Takes as long as a disk that is waited for. */
function beSlow() {
  const until = performance.now() + 2 * SLOW_MS;
  while (performance.now() < until);
}
