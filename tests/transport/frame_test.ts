import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FRAME,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameDecoderStream,
  writeFrameHeader,
} from "../../src/transport/frame.ts";

const BOUNDS = [
  { type: FRAME.record, min: 17, max: 65_535 },
  { type: FRAME.data, min: 20, max: 262_164 },
];

Deno.test("writeFrameHeader writes type:u8 and length:u24 at the offset", () => {
  const bytes = new Uint8Array(8).subarray(1);
  writeFrameHeader(bytes, 2, { type: 1, length: 0x040014 });
  assert.deepEqual([...bytes], [0, 0, 1, 4, 0, 20, 0]);
});

Deno.test("FrameDecoderStream decodes frames at every bound", async () => {
  const lengths = BOUNDS.flatMap(({ type, min, max }) =>
    [min, min + 1, max - 1, max].map((n) => ({ type, n }))
  );
  const sent = lengths.map(({ type, n }) => frame(type, n));
  assert.deepEqual(await decode([concat(sent.map(encode))]), sent);
});

Deno.test("FrameDecoderStream decodes the same however the bytes are cut", async () => {
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

Deno.test("FrameDecoderStream begins with what was read before", async () => {
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

Deno.test("FrameDecoderStream gives frames that do not share the memory of its input", async () => {
  const bytes = encode(frame(FRAME.record, 17));
  const [decoded] = await decode([bytes]);
  const before = decoded!.body.slice();
  bytes.fill(0xff);
  assert.deepEqual(decoded!.body, before);
});

Deno.test("FrameDecoderStream takes an end inside a frame for a lost connection", async () => {
  const bytes = concat([frame(FRAME.record, 17), frame(FRAME.data, 20)].map(encode));
  for (let end = 0; end <= bytes.length; end++) {
    if (end === 0 || end === 21 || end === bytes.length) await decode([bytes.subarray(0, end)]);
    else await assert.rejects(decode([bytes.subarray(0, end)]), { code: "connection" }, `${end}`);
  }
});

Deno.test("FrameDecoderStream refuses a length out of bounds and an unknown type by the header alone", async () => {
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
    assert.deepEqual(allocatedBy(header(type!, length!)), [], `${type}, ${length} allocates`);
  }
});

Deno.test("FrameDecoderStream gives a protocol error for bad bytes that were read before", async () => {
  await assert.rejects(async () => await decode([], header(9, 20)), { code: "protocol" });
});

/** The sizes of arrays over a header that are made while `bytes` are decoded. */
function allocatedBy(bytes: Uint8Array): number[] {
  const sizes: number[] = [];
  const Original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args, self) {
      if (typeof args[0] === "number" && args[0] > FRAME_HEADER_BYTES) sizes.push(args[0]);
      return Reflect.construct(target, args, self);
    },
  });
  try {
    assert.throws(() => new FrameDecoderStream(bytes), { code: "protocol" });
  } finally {
    globalThis.Uint8Array = Original;
  }
  return sizes;
}

function decode(pieces: Uint8Array[], leftover?: Uint8Array): Promise<Frame[]> {
  return Array.fromAsync(ReadableStream.from(pieces).pipeThrough(new FrameDecoderStream(leftover)));
}

function frame(type: number, length: number): Frame {
  return { type, body: Uint8Array.from({ length }, (_, i) => i * 7 + type) };
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
