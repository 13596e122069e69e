import assert from "node:assert/strict";
import fc from "fast-check";
import { FLAG } from "../../src/transport/chunk_flags.ts";
import type { ByteSource } from "../../src/transport/connection.ts";
import {
  BUFFER_BYTES,
  EXCHANGE_BYTES,
  FRAME,
  type Frame,
  FRAME_HEADER_BYTES,
  readFrames,
  writeFrameHeader,
} from "../../src/transport/frame.ts";

const BOUNDS = [
  { type: FRAME.record, min: 17, max: 65_535 },
  { type: FRAME.data, min: 21, max: 262_165 },
];

Deno.test("writeFrameHeader writes type:u8 and length:u24 at the offset", () => {
  const bytes = new Uint8Array(8).subarray(1);
  writeFrameHeader(bytes, 2, { type: 1, length: 0x040014 });
  assert.deepEqual([...bytes], [0, 0, 1, 4, 0, 20, 0]);
});

Deno.test("readFrames gives frames at every bound", async () => {
  const lengths = BOUNDS.flatMap(({ type, min, max }) =>
    [min, min + 1, max - 1, max].map((n) => ({ type, n }))
  );
  const sent = lengths.map(({ type, n }) => frame(type, n));
  assert.deepEqual(await decode([concat(sent.map(encode))]), sent);
});

Deno.test("readFrames gives the same however the bytes are cut", async () => {
  const sent = [frame(FRAME.record, 17), frame(FRAME.data, 100), frame(FRAME.record, 40)];
  const bytes = concat(sent.map(encode));
  assert.deepEqual(await decode([...bytes].map((byte) => new Uint8Array([byte]))), sent);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(
      await decode([bytes.subarray(0, at), bytes.subarray(at)]),
      sent,
      `cut at ${at}`,
    );
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      assert.deepEqual(
        await decode(edges.slice(1).map((end, i) => bytes.subarray(edges[i]!, end))),
        sent,
      );
    }),
  );
});

Deno.test("readFrames begins with what was read before", async () => {
  const sent = [frame(FRAME.record, 17), frame(FRAME.record, 18)];
  const bytes = concat(sent.map(encode));
  for (const at of [0, 3, 4, 21, 25, bytes.length]) {
    assert.deepEqual(
      await decode([bytes.subarray(at)], bytes.subarray(0, at)),
      sent,
      `leftover ${at}`,
    );
  }
});

Deno.test("readFrames gives frames that do not share memory", async () => {
  const sent = [frame(FRAME.record, 17), frame(FRAME.data, 21), frame(FRAME.record, 19)];
  const [first, second, third] = await decode([concat(sent.map(encode))]);
  first!.body.fill(0xff);
  second!.body.fill(0xff);
  assert.deepEqual(third, sent[2]);
  assert.notEqual(first!.body.buffer, second!.body.buffer);
});

Deno.test("readFrames takes an end inside a frame for a lost connection", async () => {
  const bytes = concat([frame(FRAME.record, 17), frame(FRAME.data, 21)].map(encode));
  for (let end = 0; end <= bytes.length; end++) {
    if (end === 0 || end === 21 || end === bytes.length) await decode([bytes.subarray(0, end)]);
    else await assert.rejects(decode([bytes.subarray(0, end)]), { code: "connection" }, `${end}`);
  }
});

Deno.test("readFrames gives what came before bad bytes", async () => {
  const good = frame(FRAME.record, 17);
  const frames = readFrames(sourceOf([concat([encode(good), header(9, 20)])]));
  assert.deepEqual((await frames.next()).value, good);
  await assert.rejects(frames.next(), { code: "protocol" });
});

Deno.test("readFrames reads small frames together", async () => {
  const source = sourceOf([concat([100, 200, 300].map((n) => encode(frame(FRAME.data, n))))]);
  let reads = 0;
  const counted: ByteSource = { read: (into) => (reads++, source.read(into)) };
  assert.equal((await Array.fromAsync(readFrames(counted))).length, 3);
  assert.equal(reads, 2);
});

Deno.test("readFrames refuses a length out of bounds and an unknown type by the header alone", async () => {
  const lengths = BOUNDS.flatMap(({ type, min, max }) =>
    [0, min - 1, max + 1, 2 ** 24 - 1].map((n) => [type, n])
  );
  const unknown = Array.from({ length: 254 }, (_, i) => [i + 2, 20]);
  for (const [type, length] of [...lengths, ...unknown]) {
    await assert.rejects(
      decode([header(type!, length!)]),
      { code: "protocol" },
      `${type}, ${length}`,
    );
    assert.deepEqual(await allocatedBy(header(type!, length!)), [], `${type}, ${length} allocates`);
  }
});

Deno.test("readFrames takes flags that go with the length, and refuses others before the body", async () => {
  const max = 262_165;
  const good = [[0, max], [1, 21], [1, max], [2, max - 1], [3, 30]];
  const bad = [[0, 21], [0, max - 1], [2, max], [3, max], [4, 30], [5, 30], [128, max], [255, 30]];
  const start = (flags: number, length: number) =>
    concat([header(FRAME.data, length), Uint8Array.from([0, 0, 0, 1, flags])]);
  for (const [flags, length] of good) {
    const whole = concat([start(flags!, length!), new Uint8Array(length! - 5)]);
    assert.equal((await decode([whole])).length, 1, `${flags}, ${length}`);
  }
  for (const [flags, length] of bad) {
    await assert.rejects(decode([start(flags!, length!)]), { code: "protocol", message: /flags/ });
  }
});

Deno.test("readFrames gives a protocol error for bad bytes that were read before", async () => {
  await assert.rejects(async () => await decode([], header(9, 20)), { code: "protocol" });
});

/** The sizes of arrays over a header that are made while `bytes` are decoded. */
async function allocatedBy(bytes: Uint8Array): Promise<number[]> {
  const sizes: number[] = [];
  const Original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args, self) {
      if (typeof args[0] === "number" && args[0] > FRAME_HEADER_BYTES && args[0] !== BUFFER_BYTES) {
        sizes.push(args[0]);
      }
      return Reflect.construct(target, args, self);
    },
  });
  try {
    await assert.rejects(decode([], bytes), { code: "protocol" });
  } finally {
    globalThis.Uint8Array = Original;
  }
  return sizes;
}

function decode(pieces: Uint8Array[], leftover?: Uint8Array): Promise<Frame[]> {
  return Array.fromAsync(readFrames(sourceOf(pieces), leftover && { leftover }));
}

/** Gives of each piece as much as there is room for. */
function sourceOf(pieces: Uint8Array[]): ByteSource {
  const left = pieces.filter(({ length }) => length > 0);
  return {
    read(into) {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      const taken = piece.subarray(0, into.length);
      if (taken.length < piece.length) left.unshift(piece.subarray(taken.length));
      into.set(taken);
      return Promise.resolve(taken.length);
    },
  };
}

function frame(type: number, length: number): Frame {
  const body = Uint8Array.from({ length }, (_, i) => i * 7 + type);
  if (type === FRAME.data) body[EXCHANGE_BYTES] = FLAG.last;
  return { type, body };
}

function header(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(bytes, 0, { type, length });
  return bytes;
}

function encode({ type, body }: Frame): Uint8Array {
  return concat([header(type, body.length), body]);
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
