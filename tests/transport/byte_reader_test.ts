import assert from "node:assert/strict";
import { ByteReader } from "../../src/transport/byte_reader.ts";
import type { ByteSource } from "../../src/transport/connection.ts";

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
  let reads = 0;
  const source: ByteSource = { read: () => Promise.resolve(++reads && 1) };
  const reader = new ByteReader(source, { maxBytes: 4 });
  await reader.read(2);
  await assert.rejects(reader.read(3), { code: "protocol" });
  assert.equal(reads, 2);
});

Deno.test("ByteReader takes an end that comes too early for a lost connection", async () => {
  for (let have = 0; have < 4; have++) {
    const reader = new ByteReader(pieces(new Uint8Array(have), 2), { maxBytes: 9 });
    await assert.rejects(reader.read(4), { code: "connection" });
  }
});

Deno.test("ByteReader takes a source that fails for a lost connection, and tells the cause", async () => {
  const cause = new Deno.errors.ConnectionReset("reset");
  const reader = new ByteReader({ read: () => Promise.reject(cause) }, { maxBytes: 9 });
  await assert.rejects(reader.read(4), { code: "connection", cause });
});

Deno.test("ByteReader.leftover is what was read too far, and nothing beyond the total is read", async () => {
  const source = pieces(Uint8Array.from([1, 2, 3, 4, 5, 6]), 6);
  const reader = new ByteReader(source, { maxBytes: 5 });
  await reader.read(3);
  assert.deepEqual([...reader.leftover], [4, 5]);
  const rest = new Uint8Array(9);
  assert.equal(await source.read(rest), 1);
  assert.equal(rest[0], 6);
});

/** Gives `bytes` in pieces of at most `size`, then the end. */
function pieces(bytes: Uint8Array, size: number): ByteSource {
  let left = bytes;
  return {
    read(into) {
      const piece = left.subarray(0, Math.min(size, into.length));
      into.set(piece);
      left = left.subarray(piece.length);
      return Promise.resolve(piece.length || null);
    },
  };
}
