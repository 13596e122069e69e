import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { unpackLzw } from "../../../src/preview/image/formats/lzw.ts";
import { fullOr } from "../../helpers/full_or.ts";

Deno.test("unpackLzw unpacks the example of TIFF 6.0", () => {
  const codes = [256, 7, 258, 8, 8, 258, 6, 6, 257];
  assert.deepEqual([...unpackLzw(packBits(codes.map((code) => [code, 9])))], [
    7,
    7,
    7,
    8,
    8,
    7,
    7,
    6,
    6,
  ]);
});

Deno.test("unpackLzw unpacks what was packed", () => {
  const run = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 2000 }));
  const runs = fc.array(run, { maxLength: 50 });
  const check = fc.property(runs, fc.boolean(), (runs, countsLast) => {
    const bytes = Uint8Array.from(
      runs.flatMap(([byte, count]) =>
        Array.from({ length: count }, (_, i) => byte === 3 ? (i * i) & 255 : byte)
      ),
    );
    assert.ok(Buffer.from(bytes).equals(unpackLzw(packLzw(bytes, { countsLast }))));
  });
  fc.assert(check, { numRuns: fullOr(100, 25) });
});

Deno.test("unpackLzw sees the end in both widths where the last code is the last of its width", () => {
  // No pair of bytes comes twice, so that each byte is a code, and each code but the first adds an entry.
  const bytes = Uint8Array.from({ length: 2048 }, (_, i) => i * (1 + 2 * (i >> 8)));
  for (const bits of [9, 10, 11]) {
    const last = (1 << bits) - 258;
    for (let length = last - 4; length <= last + 4; length++) {
      for (const countsLast of [false, true]) {
        const unpacked = unpackLzw(packLzw(bytes.subarray(0, length), { countsLast }));
        assert.equal(unpacked.length, length, `${bits} bits, ${countsLast}`);
      }
    }
  }
});

Deno.test("unpackLzw throws on a code that is not known, and ends where its input does", () => {
  assert.throws(() => unpackLzw(packBits([[256, 9], [65, 9], [300, 9]])), RangeError);
  assert.deepEqual([...unpackLzw(packBits([[256, 9], [65, 9]]))], [65]);
  assert.equal(unpackLzw(new Uint8Array()).length, 0);
});

/** `countsLast` is how libtiff ends: in the width that the entry after the last code would have. */
function packLzw(bytes: Uint8Array, { countsLast }: { countsLast: boolean }): Uint8Array {
  const codes: [code: number, bits: number][] = [[256, 9]];
  let table = new Map<string, number>(), bits = 9, next = 258, known = "";
  const codeOf = (text: string) => text.length === 1 ? text.charCodeAt(0) : table.get(text)!;
  for (const byte of bytes) {
    const text = known + String.fromCharCode(byte);
    if (text.length === 1 || table.has(text)) {
      known = text;
      continue;
    }
    codes.push([codeOf(known), bits]);
    table.set(text, next++);
    known = String.fromCharCode(byte);
    if (next === 1 << bits) bits = Math.min(12, bits + 1);
    if (next === 4094) {
      codes.push([256, bits]);
      [table, bits, next] = [new Map(), 9, 258];
    }
  }
  if (known !== "") codes.push([codeOf(known), bits]);
  if (countsLast && ++next === 1 << bits) bits = Math.min(12, bits + 1);
  return packBits([...codes, [257, bits]]);
}

function packBits(codes: [code: number, bits: number][]): Uint8Array {
  const bits = codes.map(([code, count]) => code.toString(2).padStart(count, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, "0"), 2));
}
