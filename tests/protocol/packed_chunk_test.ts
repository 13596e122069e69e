import assert from "node:assert/strict";
import fc from "fast-check";
import { concat } from "../../src/bytes.ts";
import { P2pError } from "../../src/errors.ts";
import { unpackChunk } from "../../src/protocol/packed_chunk.ts";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { packed } from "../helpers/packed.ts";

const TEXT = textOf(CHUNK_BYTES);

Deno.test("unpackChunk gives what was packed, with a checksum and a size or without", async () => {
  for (const checksum of [0, 1]) {
    for (const sized of [0, 1]) {
      const frame = packed(TEXT, { checksum, sized });
      assert.deepEqual(await unpackChunk(frame, { last: false }), TEXT);
      assert.deepEqual(await unpackChunk(frame, { last: true }), TEXT);
    }
  }
  for (const length of [1_000, CHUNK_BYTES - 1]) {
    const short = textOf(length);
    assert.deepEqual(await unpackChunk(packed(short), { last: true }), short);
  }
});

Deno.test("unpackChunk refuses a chunk that is short and not the last, and one that is too long", async () => {
  await refuses(packed(textOf(CHUNK_BYTES - 1)), /and it is not the last/, { last: false });
  for (const sized of [0, 1]) {
    for (const length of [CHUNK_BYTES + 1, 64 * CHUNK_BYTES]) {
      await refuses(packed(new Uint8Array(length), { sized }), /over 262144 bytes|in it|a window/);
    }
  }
});

Deno.test("unpackChunk refuses what is cut off anywhere, and what is behind the frame", async () => {
  for (const checksum of [0, 1]) {
    const frame = packed(textOf(1_000), { checksum });
    for (let end = 0; end < frame.length; end++) await refuses(frame.subarray(0, end), /./);
    const behind = [new Uint8Array(1), new Uint8Array(4), frame, packed(new Uint8Array(0))];
    for (const bytes of behind) await refuses(concat([frame, bytes]), /end with its frame/);
  }
});

Deno.test("unpackChunk refuses frames that are larger than what they hold", async () => {
  const chunk = Uint8Array.from({ length: 30 }, (_, i) => i * 97);
  await refuses(packed(chunk), /hold/);
  await refuses(packed(new Uint8Array(0)), /hold 0/);
});

Deno.test("unpackChunk refuses other frames, windows, dictionaries and reserved bits", async () => {
  await refuses(packed(TEXT, { windowLog: 19 }), /a window of 524288 bytes/);
  const skippable = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
  await refuses(Uint8Array.from(skippable), /no frame of Zstandard/);
  for (const bit of [1, 2, 3, 8]) {
    const frame = packed(TEXT);
    frame[4]! |= bit;
    await refuses(frame, /descriptor/);
  }
  const reserved = packed(TEXT);
  reserved[6]! |= 6;
  await refuses(reserved, /reserved type/);
});

Deno.test("unpackChunk gives a chunk within its bounds or a refusal, whatever comes", async () => {
  const frame = packed(textOf(5_000), { checksum: 1 });
  const change = fc.record({ at: fc.nat(frame.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = frame.slice();
      for (const { at, byte } of changes) bytes[at] = byte;
      try {
        const { length } = await unpackChunk(bytes, { last: true });
        assert.ok(length > 0 && length <= CHUNK_BYTES);
      } catch (error) {
        assert.ok(error instanceof P2pError && error.code === "protocol", String(error));
      }
    }),
  );
});

function textOf(length: number): Uint8Array {
  const lines = Array.from({ length: length / 8 + 1 }, (_, i) => `${i % 997},${i % 31};\n`);
  return new TextEncoder().encode(lines.join("").padEnd(length)).slice(0, length);
}

async function refuses(frame: Uint8Array, message: RegExp, { last = true } = {}) {
  await assert.rejects(unpackChunk(frame, { last }), { code: "protocol", message });
}
