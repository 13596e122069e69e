import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  generatorString,
  lvCat,
  prependLen,
  transcriptIr,
} from "../../../src/secure/cpace/cpace_strings.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const lengthOf = (length: number) => [...prependLen(new Uint8Array(length)).slice(0, -length)];

Deno.test("prependLen writes lengths in LEB128, one byte to 127 and more from 128", () => {
  assert.deepEqual([...prependLen(new Uint8Array(0))], [0]);
  assert.deepEqual([...prependLen(bytes("1234"))], [4, ...bytes("1234")]);
  assert.deepEqual(lengthOf(127), [0x7f]);
  assert.deepEqual(lengthOf(128), [0x80, 0x01]);
  assert.deepEqual(lengthOf(300), [0xac, 0x02]);
  assert.deepEqual(lengthOf(16_384), [0x80, 0x80, 0x01]);
});

Deno.test("lvCat and transcriptIr tell apart what plain concatenation does not", () => {
  assert.deepEqual([...lvCat(bytes("ab"), bytes("c"))], [2, ...bytes("ab"), 1, ...bytes("c")]);
  assert.notDeepEqual(lvCat(bytes("ab"), bytes("c")), lvCat(bytes("a"), bytes("bc")));
  const [ya, yb] = [bytes("A"), bytes("B")];
  assert.deepEqual(transcriptIr({ ya, yb }), lvCat(ya, bytes(""), yb, bytes("")));
  assert.notDeepEqual(transcriptIr({ ya, yb }), transcriptIr({ ya: yb, yb: ya }));
});

Deno.test("generatorString fills the first block of the hash, and pads no longer secret", () => {
  const [ci, sid] = [bytes("channel"), bytes("session")];
  for (const [secret, zeros] of [[0, 108], [1, 107], [107, 1], [108, 0], [109, 0], [300, 0]]) {
    const prs = new Uint8Array(secret!).fill(0x50);
    const expected = lvCat(bytes("CPaceRistretto255"), prs, new Uint8Array(zeros!), ci, sid);
    assert.ok(Buffer.from(generatorString({ prs, ci, sid })).equals(expected), `${secret}`);
  }
});
