import assert from "node:assert/strict";
import fc from "fast-check";
import { unpackLzw } from "../../../src/preview/image/formats/lzw.ts";

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
  fc.assert(fc.property(fc.array(run, { maxLength: 50 }), (runs) => {
    const bytes = Uint8Array.from(
      runs.flatMap(([byte, count]) =>
        Array.from({ length: count }, (_, i) => byte === 3 ? (i * i) & 255 : byte)
      ),
    );
    assert.deepEqual(unpackLzw(packLzw(bytes)), bytes);
  }));
});

Deno.test("unpackLzw throws on a code that is not known, and ends where its input does", () => {
  assert.throws(() => unpackLzw(packBits([[256, 9], [65, 9], [300, 9]])), RangeError);
  assert.deepEqual([...unpackLzw(packBits([[256, 9], [65, 9]]))], [65]);
  assert.equal(unpackLzw(new Uint8Array()).length, 0);
});

function packLzw(bytes: Uint8Array): Uint8Array {
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
  return packBits([...codes, [257, bits]]);
}

function packBits(codes: [code: number, bits: number][]): Uint8Array {
  const bits = codes.map(([code, count]) => code.toString(2).padStart(count, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, "0"), 2));
}
