import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ARCHIVE_END,
  type ArchiveEntry,
  decodeEntry,
  encodeEntry,
  encodeTail,
  MAX_HEADER_BYTES,
} from "../../../src/storage/archive/archive.ts";
import { ArchiveDecoder } from "../../../src/storage/archive/archive_decoder.ts";
import { StorageError } from "../../../src/storage/storage_error.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";

const FILE: ArchiveEntry = {
  path: ["x"],
  folder: false,
  modified: 5,
  size: 3,
  kind: "file",
  executable: false,
};
const FOLDER: ArchiveEntry = { path: ["x"], folder: true, modified: 5 };

Deno.test("encodeEntry gives length and header, and decodeEntry the entry again", () => {
  const entries: ArchiveEntry[] = [{ ...FILE, path: ["ä", "x y"] }, { ...FOLDER, path: ["ä"] }];
  for (const entry of entries) {
    const bytes = encodeEntry(entry);
    assert.equal((bytes[0]! << 8) + bytes[1]!, bytes.length - 2);
    assert.deepEqual(decodeEntry(bytes.subarray(2)), entry);
  }
});

Deno.test("encodeEntry refuses a header over the maximum", () => {
  const path = Array.from({ length: 32 }, () => "\\".repeat(255));
  assert.throws(() => encodeEntry({ ...FOLDER, path: [...path, ...path] }), RangeError);
});

Deno.test("ArchiveDecoder finds the same in one piece, byte by byte and in any slices", () => {
  const content = sampleBytes(5000);
  const stream = archive([{ ...FOLDER, path: ["a"] }, [
    { ...FILE, path: ["a", "b"], size: 5000 },
    content,
  ], {
    ...FILE,
    path: ["c"],
    size: 0,
  }]);
  const whole = decode([stream]);
  assert.deepEqual(whole.paths, ["a", "a/b", "c"]);
  assert.deepEqual(whole.content, content);
  assert.deepEqual(whole.all, stream);
  assert.deepEqual(decode(Array.from(stream, (byte) => Uint8Array.of(byte))), whole);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 700 })), (cuts) => {
    assert.deepEqual(decode(sliced(stream, cuts)), whole);
  }));
});

Deno.test("ArchiveDecoder ends at the end only, and takes nothing behind it", () => {
  const stream = archive([FOLDER]);
  for (let length = 0; length < stream.length; length++) {
    assert.equal(decode([stream.subarray(0, length)]).ended, false);
  }
  assert.equal(decode([stream]).ended, true);
  assert.throws(() => decode([stream, Uint8Array.of(0)]), isDamaged);
});

Deno.test("ArchiveDecoder refuses a header over the maximum before it is there", () => {
  assert.throws(
    () => decode([Uint8Array.of((MAX_HEADER_BYTES + 1) >> 8, (MAX_HEADER_BYTES + 1) & 0xff)]),
    isDamaged,
  );
  assert.throws(() => decode([Uint8Array.of(0xff, 0xff)]), isDamaged);
  decode([Uint8Array.of(MAX_HEADER_BYTES >> 8, MAX_HEADER_BYTES & 0xff)]);
});

Deno.test("ArchiveDecoder refuses headers that are not what SPEC.md §10 says", () => {
  const wrong = [
    "",
    " ",
    "null",
    "[]",
    "{}",
    "[".repeat(16_000),
    JSON.stringify({ ...FILE, size: -1 }),
    JSON.stringify({ ...FILE, size: 1.5 }),
    JSON.stringify({ ...FILE, size: 2 ** 53 }),
    JSON.stringify({ ...FILE, size: "3" }),
    JSON.stringify(FILE).replace('"size":3', '"size":1e400'),
    JSON.stringify({ ...FILE, modified: -1 }),
    JSON.stringify({ ...FILE, kind: 1 }),
    JSON.stringify({ ...FILE, executable: 1 }),
    JSON.stringify({ ...FILE, folder: "false" }),
    JSON.stringify({ ...FILE, folder: undefined }),
    '{"__proto__":{"path":["x"],"folder":true,"modified":5}}',
  ];
  for (const json of wrong) {
    assert.throws(() => decode([framed(json)]), isDamaged, json.slice(0, 60));
  }
  assert.throws(() => decode([Uint8Array.of(0, 2, 0xff, 0xfe)]), isDamaged);
});

Deno.test("ArchiveDecoder refuses paths that are not safe", () => {
  for (
    const path of [
      [],
      [".."],
      ["a/b"],
      [""],
      ["a\\b"],
      "x",
      [1],
      Array(33).fill("a"),
      ["x\u202e"],
      null,
    ]
  ) {
    assert.throws(
      () => decode([framed(JSON.stringify({ ...FOLDER, path }))]),
      isName,
      JSON.stringify(path),
    );
  }
});

Deno.test("ArchiveDecoder refuses parents that were not announced, twins, and names out of order", () => {
  const file = (
    ...path: string[]
  ): [ArchiveEntry, Uint8Array] => [{ ...FILE, path, size: 1 }, new Uint8Array(1)];
  const folder = (...path: string[]): ArchiveEntry => ({ ...FOLDER, path });
  decode([archive([folder("a"), file("a", "x"), file("b"), folder("c"), file("c", "a")])]);
  assert.throws(() => decode([archive([file("a", "x")])]), isName);
  assert.throws(() => decode([archive([file("a"), file("a", "x")])]), isName);
  assert.throws(() => decode([archive([folder("a"), file("b"), file("a", "x")])]), isName);
  decode([archive([file("A"), file("a")])]);
  assert.throws(() => decode([archive([file("a"), file("a")])]), isName);
  assert.throws(() => decode([archive([file("b"), file("a")])]), isDamaged);
  assert.throws(() => decode([archive([folder("a"), file("a", "b"), file("a", "a")])]), isDamaged);
  // By UTF-16 code units, not by code points.
  decode([archive([file("\u{1f600}"), file("\uff5e")])]);
  assert.throws(() => decode([archive([file("\uff5e"), file("\u{1f600}")])]), isDamaged);
});

function isDamaged(error: unknown): boolean {
  return error instanceof StorageError && error.reason === "damaged";
}

function isName(error: unknown): boolean {
  return error instanceof StorageError && error.reason === "name";
}

function decode(pieces: Iterable<Uint8Array>) {
  const decoder = new ArchiveDecoder();
  const paths: string[] = [];
  const content: number[] = [];
  const all: number[] = [];
  for (const piece of pieces) {
    for (const event of decoder.push(piece)) {
      if (event.type === "entry") paths.push(event.entry.path.join("/"));
      if ("bytes" in event) all.push(...event.bytes);
      if (event.type === "content") content.push(...event.bytes);
    }
  }
  return {
    paths,
    content: Uint8Array.from(content),
    all: Uint8Array.from(all),
    ended: decoder.ended,
  };
}

function archive(items: (ArchiveEntry | [ArchiveEntry, Uint8Array])[]): Uint8Array {
  const pieces = items.flatMap((item) => {
    const [entry, content] = Array.isArray(item) ? item : [item, new Uint8Array(0)];
    const tail = entry.folder
      ? []
      : [encodeTail({ missing: undefined, sha256: new Uint8Array(32) })];
    return [encodeEntry(entry), content, ...tail];
  });
  return Uint8Array.from([...pieces, ARCHIVE_END].flatMap((piece) => [...piece]));
}

function framed(json: string): Uint8Array {
  const bytes = new TextEncoder().encode(json);
  // A header of no bytes would be the end: one of a single byte stands for it.
  const header = bytes.length === 0 ? Uint8Array.of(0x20) : bytes;
  return Uint8Array.of(header.length >> 8, header.length & 0xff, ...header);
}

function* sliced(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const length of lengths) yield bytes.subarray(at, at += length);
  yield bytes.subarray(at);
}
