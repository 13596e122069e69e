import assert from "node:assert/strict";
import { ByteReader } from "../../src/transport/byte_reader.ts";

Deno.test("ByteReader reads exact counts however the bytes are cut", async () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
  for (let size = 1; size <= 10; size++) {
    const reader = new ByteReader(pieces(bytes, size), { maxBytes: 10 });
    assert.deepEqual([...await reader.read(3)], [0, 1, 2], `pieces of ${size}`);
    assert.deepEqual([...await reader.read(0)], []);
    assert.deepEqual([...await reader.read(7)], [3, 4, 5, 6, 7, 8, 9]);
  }
});

Deno.test("ByteReader refuses to go over its total before it reads any more", async () => {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(++pulled && 1)),
  }, { highWaterMark: 0 });
  const reader = new ByteReader(stream, { maxBytes: 4 });
  await reader.read(2);
  await assert.rejects(reader.read(3), { code: "protocol" });
  assert.equal(pulled, 2);
});

Deno.test("ByteReader takes an end that comes too early for a lost connection", async () => {
  for (let have = 0; have < 4; have++) {
    const reader = new ByteReader(pieces(new Uint8Array(have), 2), { maxBytes: 9 });
    await assert.rejects(reader.read(4), { code: "connection" });
  }
});

Deno.test("ByteReader.release gives the stream back, and what was read too far", async () => {
  const stream = pieces(Uint8Array.from([1, 2, 3, 4, 5]), 4);
  const reader = new ByteReader(stream, { maxBytes: 3 });
  await reader.read(3);
  assert.deepEqual([...reader.release()], [4]);
  assert.deepEqual(await Array.fromAsync(stream), [Uint8Array.from([5])]);
});

function pieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  const count = Math.ceil(bytes.length / size);
  return ReadableStream.from(
    Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
  );
}
