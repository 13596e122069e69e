import assert from "node:assert/strict";
import { concat } from "../../src/bytes.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { Loopback } from "../helpers/loopback.ts";
import { memoryConnection } from "../helpers/memory_connection.ts";
import { sampleBytes } from "../helpers/sample_files.ts";

/** More than the buffers of a connection hold. */
const MUCH = 32 * 2 ** 20;

/** What every connection promises, whatever it runs over. */
const KINDS: Record<string, () => Promise<[Connection, Connection]>> = {
  "over TCP": async () => {
    const { client, server } = await Loopback.open();
    return [client, server];
  },
  "in memory": () => Promise.resolve(memoryConnection()),
};

for (const [kind, open] of Object.entries(KINDS)) {
  const test = (promise: string, run: (near: Connection, far: Connection) => Promise<void>) =>
    Deno.test(`Connection ${kind} ${promise}`, async () => {
      const [near, far] = await open();
      try {
        await run(near, far);
      } finally {
        near.close();
        far.close();
      }
    });

  test("carries bytes both ways, however they are cut", async (near, far) => {
    const bytes = sampleBytes(1_000_000);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      const writing = Promise.all([
        from.write(bytes.subarray(0, 1)),
        from.write(bytes.subarray(1, 700_000)),
        from.write(bytes.subarray(700_000)),
      ]);
      assert.deepEqual(await take(to, bytes.length, 4_099), bytes);
      await writing;
    }
  });

  test("has who writes wait for who reads", async (near, far) => {
    let isWritten = false;
    const writing = near.write(new Uint8Array(MUCH)).then(() => isWritten = true);
    await take(far, 1);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(isWritten, false);
    await take(far, MUCH - 1);
    await writing;
  });

  test("leaves what was written as it was, whatever becomes of the array", async (near, far) => {
    const bytes = new Uint8Array(1_000).fill(7);
    await near.write(bytes);
    bytes.fill(8);
    assert.deepEqual(await take(far, 1_000), new Uint8Array(1_000).fill(7));
  });

  test("ends one half behind what was written, and leaves the other", async (near, far) => {
    const ending = near.write(new Uint8Array(1_000)).then(() => near.closeWrite());
    await take(far, 1_000);
    assert.equal(await far.read(new Uint8Array(9)), null);
    await ending;
    await far.write(new Uint8Array(1_000));
    await take(near, 1_000);
  });

  test("ends what is under way when it is closed, once or twice", async (near, far) => {
    const reading = near.read(new Uint8Array(1));
    const failing = [assert.rejects(reading), assert.rejects(near.write(new Uint8Array(MUCH)))];
    near.close();
    near.close();
    await Promise.all(failing);
    await assert.rejects(near.read(new Uint8Array(1)));
    await assert.rejects(near.write(new Uint8Array(1)));
    await toEnd(far);
  });

  test("lets a side know in the end that nobody reads what it writes", async (near, far) => {
    far.close();
    await assert.rejects(async () => {
      while (true) await near.write(new Uint8Array(1_000));
    });
  });

  test("tells where the other end is", (near, far) => {
    for (const { remoteAddress: { host, port } } of [near, far]) {
      assert.equal(host, "127.0.0.1");
      assert.ok(port > 0);
    }
    return Promise.resolve();
  });
}

/** The next `count` bytes, by reads of at most `size`. */
async function take(from: Connection, count: number, size = 65_536): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let left = count; left > 0;) {
    const into = new Uint8Array(Math.min(size, left));
    const read = await from.read(into);
    assert.ok(read !== null && read > 0, "it ends before");
    pieces.push(into.subarray(0, read));
    left -= read;
  }
  return concat(pieces);
}

/** Reads until there is no more, by an end or a reset. */
async function toEnd(from: Connection) {
  const scrap = new Uint8Array(65_536);
  while (await from.read(scrap).catch(() => null) !== null);
}
