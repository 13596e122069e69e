import assert from "node:assert/strict";
import { chunkOf } from "../../helpers/chunks.ts";
import { ChunkReader, LostChunk } from "../../../src/hub/relay/chunk_reader.ts";
import { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { DATA_HEADROOM_BYTES } from "../../../src/protocol/channel.ts";
import { SEALED_CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import { eventually } from "../../helpers/eventually.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { keptEnvelopes, relayOf, SALT } from "./spooled.ts";

/** Chunks of a segment. */
const SEGMENT = 32;

Deno.test("Upload goes on behind the last whole chunk, and the next run takes the place of what is beyond", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(SEGMENT);
  await transfer.upload.append(chunkOf(100));
  await transfer.upload.pause();
  assert.equal(transfer.upload.resumeAt, SEGMENT);
  await transfer.upload.begin("T".repeat(43));
  assert.equal(transfer.upload.chunks, SEGMENT);
  assert.equal(scene.contentBytes(), SEGMENT * SEALED_CHUNK_BYTES);
  assert.deepEqual(transfer.upload.runs.map(({ start }) => start), [0, SEGMENT]);
  const [first, second] = transfer.upload.runs as [typeof transfer.upload.runs[0], never];
  assert.deepEqual([transfer.upload.endOf(first), transfer.upload.endOf(second)], [
    SEGMENT,
    SEGMENT,
  ]);
  assert.deepEqual([transfer.upload.isLast(first), transfer.upload.isLast(second)], [false, true]);
  await transfer.upload.pause();
  await transfer.upload.begin("U".repeat(43));
  assert.deepEqual(transfer.upload.runs.map(({ salt }) => salt[0]), ["S", "U"]);
  assert.equal(transfer.upload.endOf(second), 0, "a run that was replaced is read on");
  await transfer.close();
});

Deno.test("LiveFeed takes for warm what this process has written, also when it is all there", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(SEGMENT);
  assert.equal(transfer.feed.isWarm(0), true);
  await transfer.upload.finish();
  assert.equal(transfer.feed.isWarm(0), true);
  await transfer.close();
  const found = await scene.recover();
  assert.equal(found.feed.isWarm(0), false, "the disk may have to be waited for");
});

Deno.test("LiveFeed takes for warm after a crash what is new alone", async () => {
  await using scene = await Scene.open();
  await (await scene.begun(SEGMENT)).close();
  const found = await scene.recover();
  await found.upload.begin("T".repeat(43));
  await found.upload.append(chunkOf());
  assert.deepEqual([SEGMENT - 1, SEGMENT].map((chunk) => found.feed.isWarm(chunk)), [false, true]);
  await found.close();
});

Deno.test("Upload does not go on behind a short chunk, which was the last", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(3);
  await transfer.upload.append(chunkOf(100));
  assert.equal(transfer.upload.chunks, 4);
  await transfer.upload.pause();
  assert.equal(transfer.upload.resumeAt, 3);
  const found = await scene.recover();
  assert.equal(found.upload.resumeAt, 3);
  await transfer.close();
});

Deno.test("SpooledTransfer finds after a crash what was promised, and nothing that was not", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(2 * SEGMENT + 3);
  await eventually(() => assert.match(scene.journal(), /"chunks":64/));
  assert.equal((await scene.recover()).upload.chunks, 2 * SEGMENT, "a kill");
  await transfer.close();
  assert.equal((await scene.recover()).upload.chunks, 2 * SEGMENT + 3, "a cut");
  await scene.truncate(SEGMENT * SEALED_CHUNK_BYTES + 1);
  const shorter = await scene.recover();
  assert.deepEqual([shorter.upload.chunks, shorter.upload.resumeAt, shorter.upload.isStored], [
    SEGMENT,
    SEGMENT,
    false,
  ]);
  await scene.write('{"chunks": 9\n{"nothing": "known"}\n[]\n{"stored"');
  const torn = await scene.recover();
  assert.deepEqual([torn.upload.chunks, torn.upload.isStored], [SEGMENT, false]);
  await torn.upload.begin("T".repeat(43)); // The journal goes on behind what a crash tore.
  await torn.upload.append(chunkOf(10));
  await torn.upload.finish();
  await torn.close();
  const again = await scene.recover();
  assert.deepEqual([again.upload.isStored, again.upload.chunks], [true, SEGMENT + 1]);
  assert.deepEqual(again.upload.runs.map(({ start }) => start), [0, SEGMENT]);
});

Deno.test("SpooledTransfer.recover gives nothing where it is not known what was to be sent", async () => {
  await using scene = await Scene.open();
  assert.equal(await SpooledTransfer.recover(scene.folder), undefined);
  await Deno.mkdir(scene.folder);
  await scene.write('{"relay": {"transfer": "0');
  assert.equal(await SpooledTransfer.recover(scene.folder), undefined);
});

Deno.test("SpooledTransfer removes its content once everybody has an outcome, whenever that is", async () => {
  const conclude = (transfer: SpooledTransfer, to: string) =>
    transfer.conclude({ to, code: "kind", sealed: null });
  {
    await using scene = await Scene.open();
    const transfer = await scene.begun(1);
    await transfer.upload.finish();
    await conclude(transfer, "bob");
    assert.equal(scene.contentBytes(), SEALED_CHUNK_BYTES);
    await conclude(transfer, "cy");
    assert.equal(scene.contentBytes(), undefined);
    assert.ok((await scene.recover()).isConcluded);
  }
  {
    await using scene = await Scene.open(); // In the middle of an upload.
    const transfer = await scene.begun(1);
    for (const name of ["bob", "cy"]) await conclude(transfer, name);
    assert.equal(scene.contentBytes(), SEALED_CHUNK_BYTES);
    await transfer.upload.append(chunkOf());
    await transfer.upload.pause();
    assert.equal(scene.contentBytes(), undefined);
  }
  {
    await using scene = await Scene.open(); // A crash between the journal and the removal.
    const transfer = await scene.begun(1);
    await transfer.upload.finish();
    const lines = ["bob", "cy"].map((to) => ({ outcome: { to, code: "kind", sealed: null } }));
    await scene.write(lines.map((line) => JSON.stringify(line)).join("\n"));
    await scene.recover();
    assert.equal(scene.contentBytes(), undefined);
  }
});

Deno.test("SpoolJournal keeps no file open for what only waits", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(1);
  await transfer.upload.finish();
  await transfer.conclude({ to: "bob", code: "delivered", sealed: "x" });
  const open = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  });
  assert.deepEqual(open.filter((path) => path.startsWith(scene.folder)), []);
});

Deno.test("Upload takes room as declared while its sender is here, and as it is afterwards", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(2, { size: 10 * SEALED_CHUNK_BYTES });
  transfer.upload.expect();
  assert.deepEqual(
    [transfer.upload.bytes, transfer.upload.bytesToCome].map((bytes) => bytes / SEALED_CHUNK_BYTES),
    [10, 8],
  );
  await transfer.upload.pause();
  assert.deepEqual([transfer.upload.bytes / SEALED_CHUNK_BYTES, transfer.upload.bytesToCome], [
    2,
    0,
  ]);
});

Deno.test("LiveFeed gives the only recipient from memory what comes while it is served, and from disk what came before and after", async () => {
  await using scene = await Scene.open();
  const transfer = await scene.begun(1, { to: ["bob"] });
  using reader = new ChunkReader(transfer);
  {
    using _ = transfer.serve("bob");
    await transfer.upload.append(chunkOf(SEALED_CHUNK_BYTES, { fill: 2 }));
    await scene.truncate(SEALED_CHUNK_BYTES);
    const [first, second] = [await reader.read(0), await reader.read(1)];
    assert.deepEqual(first.subarray(DATA_HEADROOM_BYTES), chunkOf(SEALED_CHUNK_BYTES, { fill: 1 }));
    assert.deepEqual(
      second.subarray(DATA_HEADROOM_BYTES),
      chunkOf(SEALED_CHUNK_BYTES, { fill: 2 }),
    );
    await transfer.upload.append(chunkOf());
  }
  await scene.truncate(SEALED_CHUNK_BYTES);
  await assert.rejects(reader.read(2), LostChunk);
  await transfer.close();
});

/** The folder of one transfer. */
class Scene implements AsyncDisposable {
  readonly #dir: TempDir;

  static async open(): Promise<Scene> {
    return new Scene(await TempDir.make());
  }

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  get folder(): string {
    return this.#dir.join("transfer");
  }

  /** One whose first chunks are here. */
  async begun(
    chunks: number,
    { size = null, to = ["bob", "cy"] }: { size?: number | null; to?: ("bob" | "cy")[] } = {},
  ) {
    const { sealed, ...relay } = relayOf(1, { to, size });
    const transfer = new SpooledTransfer(this.folder, { ...relay, created: 1, until: 2 });
    await transfer.create(keptEnvelopes({ sealed }));
    await transfer.upload.begin(SALT);
    for (let i = 0; i < chunks; i++) await transfer.upload.append(chunkOf());
    return transfer;
  }

  async recover(): Promise<SpooledTransfer> {
    return (await SpooledTransfer.recover(this.folder))!;
  }

  async write(lines: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/journal`, lines, { append: true, create: true });
  }

  async truncate(bytes: number): Promise<void> {
    await Deno.truncate(`${this.folder}/content`, bytes);
  }

  journal(): string {
    return Deno.readTextFileSync(`${this.folder}/journal`);
  }

  contentBytes(): number | undefined {
    try {
      return Deno.statSync(`${this.folder}/content`).size;
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose]() {
    await this.#dir[Symbol.asyncDispose]();
  }
}
