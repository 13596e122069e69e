import assert from "node:assert/strict";
import { handOver } from "../../src/buffer_pool.ts";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { POOLED_BYTES } from "../../src/buffer_pool.ts";
import { open, seal, TAG_BYTES } from "../../src/secure/aead.ts";
import {
  CHUNK_BYTES,
  deriveDataKey,
  OpenStream,
  type Run,
  SEALED_CHUNK_BYTES,
  SealStream,
} from "../../src/secure/sealed_stream.ts";
import { FLAG, FLAGS_BYTES, sealedBytes } from "../../src/transport/chunk_flags.ts";
import { fullOr } from "../helpers/full_or.ts";

const KEY: Uint8Array = new Uint8Array(32).fill(5);
const RUN: Run = {
  salt: new Uint8Array(32).fill(1),
  transferId: new Uint8Array(16).fill(2),
  offset: 3 * CHUNK_BYTES,
};

const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES];

for (const size of SIZES) {
  Deno.test(`SealStream and OpenStream carry ${size} bytes`, async () => {
    const content = someBytes(size);
    const sealed = await sealAll(content);
    assert.equal(sealed.length, Math.max(1, Math.ceil(size / CHUNK_BYTES)));
    assert.ok(sealed.slice(0, -1).every((chunk) => sealedBytes(chunk) === SEALED_CHUNK_BYTES));
    assert.deepEqual(joined(await opened(sealed)), content);
  });
}

Deno.test("SealStream counts in 11 bytes, big-endian, and flags the last chunk alone, in the nonce too", async () => {
  const content = someBytes(2 * CHUNK_BYTES + 9);
  const sealed = await sealAll(content);
  [[0, 0], [1, 0], [2, 1]].forEach(([counter, last], index) => {
    const nonce = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, counter!, last!]);
    assert.equal(sealed[index]![0], last);
    assert.deepEqual(
      open(KEY, nonce, sealed[index]!.subarray(FLAGS_BYTES)),
      slices(content)[index],
    );
  });
});

Deno.test("SealStream leaves headroom in front of each chunk, zero and in one buffer", async () => {
  const content = someBytes(CHUNK_BYTES + 1);
  const plain = await sealAll(content);
  const framed = await piped(slices(content), new SealStream(KEY, { headroom: 8 }));
  assert.deepEqual(framed.map((frame) => frame.slice(8)), plain);
  for (const frame of framed) {
    assert.deepEqual(frame.slice(0, 8), new Uint8Array(8));
    assert.equal(frame.byteOffset, 0);
  }
  const [whole, last] = framed.map(({ buffer }) => buffer.byteLength);
  assert.deepEqual([whole, last], [POOLED_BYTES, framed[1]!.byteLength]);
});

Deno.test("SealStream refuses chunks that are cut otherwise", async () => {
  for (const sizes of [[CHUNK_BYTES + 1], [1, 1], [CHUNK_BYTES - 1, CHUNK_BYTES], [0], [1, 0]]) {
    const chunks = sizes.map((size) => new Uint8Array(size));
    await assert.rejects(piped(chunks, new SealStream(KEY)), RangeError, String(sizes));
  }
});

Deno.test("OpenStream gives each chunk before the next one has come", async () => {
  const content = someBytes(CHUNK_BYTES + 1);
  const stream = new OpenStream(KEY);
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  for (const [index, chunk] of (await sealAll(content)).entries()) {
    const written = writer.write(handOver(chunk));
    assert.deepEqual((await reader.read()).value, slices(content)[index]);
    await written;
  }
  await writer.close();
  assert.equal((await reader.read()).done, true);
});

Deno.test("OpenStream refuses a stream that is cut at any chunk, also before the first", async () => {
  const sealed = await sealAll(someBytes(3 * CHUNK_BYTES));
  for (let kept = 0; kept < sealed.length; kept++) {
    await refuses(sealed.slice(0, kept), /ends before the last chunk/);
  }
});

Deno.test("OpenStream refuses a dropped, doubled or reordered chunk", async () => {
  const [first, second, third] = await sealAll(someBytes(2 * CHUNK_BYTES + 1)) as Three;
  await refuses([second, third], /chunk 0: it is not authentic/);
  await refuses([first, third], /chunk 1: it is not authentic/);
  await refuses([first, first, second, third], /chunk 1: it is not authentic/);
  await refuses([second, first, third], /chunk 0: it is not authentic/);
});

Deno.test("OpenStream refuses anything behind the last chunk", async () => {
  for (const size of [0, 1, CHUNK_BYTES]) {
    const sealed = await sealAll(someBytes(size));
    await refuses([...sealed, ...sealed], /after the last chunk/);
    await refuses([...sealed, flagged(FLAG.last, new Uint8Array(0))], /after the last chunk/);
  }
});

Deno.test("OpenStream refuses a short chunk that is not flagged as the last", async () => {
  const short = flagged(0, seal(KEY, new Uint8Array(12), someBytes(9)));
  await refuses(
    [short, ...await sealAll(someBytes(9))],
    /chunk 0: length 9, and it is not the last/,
  );
});

Deno.test("OpenStream refuses a full chunk that is cut to a short one", async () => {
  const [only] = await sealAll(someBytes(CHUNK_BYTES)) as Three;
  await refuses([only.subarray(0, -1)], /it is not authentic/);
});

Deno.test("OpenStream refuses a chunk that is packed where nobody unpacks", async () => {
  const flags = FLAG.last | FLAG.packed;
  const nonce = new Uint8Array([...new Uint8Array(11), flags]);
  await refuses(
    [flagged(flags, seal(KEY, nonce, someBytes(9)))],
    /a packed chunk was not asked for/,
  );
});

Deno.test("OpenStream refuses an empty last chunk that is not the first", async () => {
  const [first] = await sealAll(someBytes(CHUNK_BYTES + 1)) as Three;
  const nonce = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, FLAG.last]);
  const empty = flagged(FLAG.last, seal(KEY, nonce, new Uint8Array(0)));
  await refuses([first, empty], /chunk 1: length 16 is less than 17/);
});

Deno.test("OpenStream refuses a chunk over or under the bounds before it opens it", async () => {
  const long = seal(KEY, new Uint8Array([...new Uint8Array(11), 1]), someBytes(CHUNK_BYTES + 1));
  await refuses([flagged(FLAG.last, long)], new RegExp(`length ${SEALED_CHUNK_BYTES + 1} exceeds`));
  await refuses([flagged(FLAG.last, new Uint8Array(TAG_BYTES - 1))], /length 15 is less than 16/);
});

Deno.test("OpenStream refuses a flipped bit wherever it is, and gives nothing of that chunk", async () => {
  const content = someBytes(CHUNK_BYTES + 40);
  const sealed = await sealAll(content);
  const bits = fc.integer({ min: 0, max: (FLAGS_BYTES + SEALED_CHUNK_BYTES) * 8 - 1 });
  await fc.assert(
    fc.asyncProperty(fc.nat(1), bits, async (which, bit) => {
      const changed = sealed.map((chunk) => chunk.slice());
      const at = bit % (changed[which]!.length * 8);
      changed[which]![at >> 3]! ^= 1 << (at & 7);
      const { chunks, error } = await openedUntilError(changed);
      assert.match(String(error), /not authentic/);
      assert.deepEqual(chunks, slices(content).slice(0, which));
    }),
    { numRuns: fullOr(25, 8) },
  );
});

Deno.test("OpenStream refuses chunks of another stream, transfer, attempt or offset", async () => {
  const key = deriveDataKey(KEY, RUN);
  const content = someBytes(CHUNK_BYTES + 1);
  const others: [Uint8Array, Run][] = [
    [KEY.map((byte) => byte ^ 1), RUN],
    [KEY, { ...RUN, salt: new Uint8Array(32).fill(9) }],
    [KEY, { ...RUN, transferId: new Uint8Array(16).fill(9) }],
    [KEY, { ...RUN, offset: RUN.offset + CHUNK_BYTES }],
  ];
  const [first] = await sealAll(content, key) as Three;
  for (const [transferKey, attempt] of others) {
    const sealed = await sealAll(content, deriveDataKey(transferKey, attempt)) as Three;
    await refuses(sealed, /chunk 0: it is not authentic/, key);
    await refuses([first, sealed[1]], /chunk 1: it is not authentic/, key);
  }
});

Deno.test("deriveDataKey is HKDF-SHA256 over label, transfer id and offset", () => {
  const prk = createHmac("sha256", RUN.salt).update(KEY).digest();
  const expected = createHmac("sha256", prk).update("p2p/2 data").update(RUN.transferId)
    .update(new Uint8Array([0, 0, 0, 0, 0, 0x0c, 0, 0])).update(new Uint8Array([1])).digest();
  assert.deepEqual(deriveDataKey(KEY, RUN), new Uint8Array(expected));
});

Deno.test("deriveDataKey refuses lengths and offsets that are wrong", () => {
  const short = new Uint8Array(15);
  assert.throws(() => deriveDataKey(short, RUN), RangeError);
  assert.throws(() => deriveDataKey(KEY, { ...RUN, salt: short }), RangeError);
  assert.throws(() => deriveDataKey(KEY, { ...RUN, transferId: short }), RangeError);
  for (const offset of [-1, 0.5, NaN, 2 ** 53]) {
    assert.throws(() => deriveDataKey(KEY, { ...RUN, offset }), RangeError, String(offset));
  }
});

Deno.test("SealStream and OpenStream carry any content from any offset", async () => {
  const size = fc.integer({ min: 0, max: 2 * CHUNK_BYTES + 100 });
  await fc.assert(
    fc.asyncProperty(size, fc.maxSafeNat(), async (size, offset) => {
      const content = someBytes(size);
      const key = deriveDataKey(KEY, { ...RUN, offset });
      const sealed = await sealAll(content, key);
      assert.deepEqual(joined(await piped(sealed, new OpenStream(key))), content);
    }),
    { numRuns: fullOr(20, 5) },
  );
});

function flagged(flags: number, sealed: Uint8Array): Uint8Array {
  return Uint8Array.from([flags, ...sealed]);
}

type Three = [Uint8Array, Uint8Array, Uint8Array];

function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 31 + (index >> 8));
}

function slices(content: Uint8Array): Uint8Array[] {
  const count = Math.ceil(content.length / CHUNK_BYTES);
  return Array.from(
    { length: count },
    (_, index) => content.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}

function sealAll(content: Uint8Array, key = KEY): Promise<Uint8Array[]> {
  return piped(slices(content), new SealStream(key));
}

function opened(sealed: Uint8Array[]): Promise<Uint8Array[]> {
  return piped(sealed, new OpenStream(KEY));
}

/** Of copies: both streams give the buffers of their input back. */
function piped(
  chunks: Uint8Array[],
  transform: TransformStream<Uint8Array, Uint8Array>,
): Promise<Uint8Array[]> {
  const copies = chunks.map((chunk) => chunk.slice());
  return Array.fromAsync(ReadableStream.from(copies).pipeThrough(transform));
}

async function openedUntilError(sealed: Uint8Array[]) {
  const chunks: Uint8Array[] = [];
  try {
    const plain = ReadableStream.from(sealed).pipeThrough(new OpenStream(KEY));
    for await (const chunk of plain) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  return { chunks, error: undefined };
}

async function refuses(sealed: Uint8Array[], message: RegExp, key = KEY) {
  const refusal = { name: "P2pError", code: "protocol", message };
  await assert.rejects(piped(sealed, new OpenStream(key)), refusal);
}

function joined(chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}
