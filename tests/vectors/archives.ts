import { createHash } from "node:crypto";
import { concat, utf8 } from "../../src/bytes.ts";
import {
  ARCHIVE_END,
  type ArchiveEntry,
  BLOCK_BYTES,
  encodeEntry,
  encodeTail,
  type FileEntry,
  type Missing,
} from "../../src/storage/archive/archive.ts";
import type { Vector } from "./vector.ts";

/** One entry; where it is a file that is there, its content and state. */
interface Part {
  entry: ArchiveEntry;
  content?: string;
  state?: Missing;
}

const at = { modified: 1_700_000_000_000 };
const plain = {
  ...at,
  folder: false,
  kind: "file",
  executable: false,
  missing: undefined,
} as const;

const PARTS: Record<string, Part[]> = {
  "nothing in it": [],
  "files and folders": [
    { entry: { ...plain, path: ["a.txt"], size: 3 }, content: "abc" },
    { entry: { ...at, folder: true, path: ["b"] } },
    { entry: { ...plain, path: ["b", "empty"], size: 0 }, content: "" },
    { entry: { ...plain, path: ["b", "run.sh"], size: 2, executable: true }, content: "#!" },
  ],
  "files that are not whole": [
    { entry: { ...plain, path: ["changed"], size: 3 }, content: "ab\0", state: "changed" },
    { entry: { ...plain, path: ["gone"], size: 4, missing: "gone" } },
    { entry: { ...plain, path: ["locked"], size: 5, missing: "unreadable" } },
    { entry: { ...plain, path: ["unreadable"], size: 2 }, content: "\0\0", state: "unreadable" },
  ],
  "a file whose size is not known": [
    { entry: { ...plain, path: ["stream"], size: null }, content: "abc" },
    { entry: { ...plain, path: ["void"], size: null }, content: "" },
  ],
};

/** Archives that no receiver takes, by why, made of the valid ones (SPEC.md §10). */
const WRONG: Record<string, () => Uint8Array> = {
  "bytes behind the end": () => concat([ARCHIVE_END, ARCHIVE_END]),
  "a header that is too long": () => Uint8Array.of(0x40, 0x01),
  "a header that is not JSON": () => Uint8Array.of(0, 1, 0x7b),
  "names that go back": () => concat(["b", "a"].map(folderNamed)),
  "a name twice": () => concat(["a", "a"].map(folderNamed)),
  "a parent that was not announced": () => encodeEntry({ ...at, folder: true, path: ["a", "b"] }),
  "a path out of the folder": () => folderNamed(".."),
  "a block that is too long": () =>
    concat([encodeEntry({ ...plain, path: ["a"], size: null }), u32(BLOCK_BYTES + 1)]),
  "a block behind a short one": () =>
    concat([encodeEntry({ ...plain, path: ["a"], size: null }), u32(1), utf8("a"), u32(1)]),
};

/** The vectors of SPEC.md §10. */
export function archives(): Promise<Vector[]> {
  const right = Object.entries(PARTS).map(([name, parts]) => ({
    name,
    keys: {},
    in: { entries: JSON.stringify(parts) },
    out: { archive: concat([...parts.flatMap(bytesOf), ARCHIVE_END]).toHex() },
  }));
  const wrong = Object.entries(WRONG).map(([name, archive]) => ({
    ...{ name, keys: {} },
    ...{ in: { archive: archive().toHex() }, out: { refused: "true" } },
  }));
  return Promise.resolve([...right, ...wrong]);
}

function bytesOf({ entry, content, state: missing }: Part): Uint8Array[] {
  const header = encodeEntry(entry);
  if (content === undefined) return [header];
  const bytes = utf8(content);
  const sha256 = new Uint8Array(createHash("sha256").update(bytes).digest());
  const tail = encodeTail({ missing, sha256 });
  return (entry as FileEntry).size === null
    ? [header, ...blocks(bytes), tail]
    : [header, bytes, tail];
}

/** Content that is shorter than a block. */
function blocks(bytes: Uint8Array): Uint8Array[] {
  return bytes.length === 0 ? [u32(0)] : [u32(bytes.length), bytes, u32(0)];
}

function folderNamed(name: string): Uint8Array {
  return encodeEntry({ ...at, folder: true, path: [name] });
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
