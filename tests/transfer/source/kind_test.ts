import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { kindOf } from "../../../src/transfer/source/kind.ts";

Deno.test("kindOf tells an image by its first bytes, whatever its name", () => {
  const heads = [
    "89504e470d0a1a0a0000000d49484452",
    "ffd8ffe000104a464946",
    "474946383961",
    "52494646aabbccdd57454250",
    "49492a0008000000",
    "4d4d002a00000008",
    "0000001c6674797061766966",
    "000000186674797068656963",
    "424d4600000000000000360000002800000001000000",
  ];
  for (const head of heads) assert.equal(kindOf(bytes(head), "data.csv"), "image", head);
});

Deno.test("kindOf does not take a name for content", () => {
  assert.equal(kindOf(new TextEncoder().encode("hello"), "photo.png"), "file");
  assert.equal(kindOf(bytes("7f454c460201010000000000000000000300"), "table.csv"), "file");
  assert.equal(kindOf(bytes("7f454c460201010000000000000000000300"), "data.json"), "file");
  assert.equal(kindOf(new TextEncoder().encode("BMW is a car maker, not a bitmap"), "x"), "file");
});

Deno.test("kindOf tells tables by name, and JSON by name or by how it begins", () => {
  const cases: [content: string, name: string, kind: string][] = [
    ["a,b\n1,2\n", "x.csv", "csv"],
    ["a\tb\n", "X.TSV", "csv"],
    ["\ufeffa;b\n", "x.csv", "csv"],
    ["a\0b,c,some more text", "x.csv", "csv"],
    ["", "x.csv", "csv"],
    ['{"a": 1}', "x", "json"],
    [' \n[{"a": 1}]', "x.txt", "json"],
    ["12", "x.json", "json"],
    ['{"a":1}\n{"a":2}', "x.ndjson", "json"],
    ["", "x.json", "json"],
    ["hello", "x.json", "file"],
    ["[section]\nkey = 1", "x.ini", "file"],
    ["[1] a footnote", "x.txt", "file"],
    ["{ not json }", "x", "file"],
    ["plain text", "x.txt", "file"],
    ["", "x", "file"],
  ];
  for (const [content, name, kind] of cases) {
    assert.equal(kindOf(new TextEncoder().encode(content), name), kind, JSON.stringify(content));
  }
});

Deno.test("kindOf knows text in UTF-16 by its byte order mark", () => {
  assert.equal(kindOf(bytes("fffe61002c0062000a00"), "x.csv"), "csv");
  assert.equal(kindOf(bytes("feff007b0022006100220000"), "x"), "json");
});

Deno.test("kindOf looks at no more than 4 KiB", () => {
  const late = new Uint8Array(10_000);
  late.fill(0x61, 0, 4096);
  assert.equal(kindOf(late, "x.csv"), "csv");
});

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
