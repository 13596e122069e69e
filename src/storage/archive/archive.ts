import { KINDS } from "../../protocol/messages.ts";
import {
  boolean,
  type Checked,
  int,
  nullable,
  object,
  optional,
  wordOr,
} from "../../protocol/schema.ts";
import { checkedPath } from "../../names/file_name.ts";
import { asName, damagedError, StorageError } from "../storage_error.ts";

/** Longest header of an entry (SPEC.md §10). */
export const MAX_HEADER_BYTES = 16_384;

/** A folder of an archive; `modified` is in milliseconds (SPEC.md §10). */
export type FolderEntry = { readonly folder: true } & Checked<typeof folderFields>;

/**
 * A file of an archive, whose content and tail follow unless it is `missing`; its `size` is null
 * where the content comes in blocks (SPEC.md §10).
 */
export type FileEntry = { readonly folder: false } & Checked<typeof fileFields>;

/** The states of a file that is not whole; their numbers in a tail are those from 1 (SPEC.md §10). */
export const MISSING = ["changed", "unreadable", "gone"] as const;

/** Why a file of a folder did not come. */
export type Missing = typeof MISSING[number];

/** What stands behind the content of a file (SPEC.md §10). */
export interface Tail {
  /** Undefined where the file is whole. */
  readonly missing: Missing | undefined;
  /** SHA-256 of the content. */
  readonly sha256: Uint8Array;
}

/** Bytes of a tail. */
export const TAIL_BYTES = 33;

/** Bytes of each block but the last of a content whose size is not known. */
export const BLOCK_BYTES = 65_536;

/** One header of the content stream of a folder (SPEC.md §10). */
export type ArchiveEntry = FolderEntry | FileEntry;

/** The bytes that close an archive. */
export const ARCHIVE_END = Uint8Array.of(0, 0);

/** An entry's length and header; RangeError where it is over {@link MAX_HEADER_BYTES}. */
export function encodeEntry(entry: ArchiveEntry): Uint8Array {
  const { path, folder, modified } = entry;
  const common = { path, folder, modified };
  const fields = entry.folder ? common : { ...common, ...fieldsOf(entry) };
  const header = encoder.encode(JSON.stringify(fields));
  if (header.length > MAX_HEADER_BYTES) {
    throw new RangeError(`cannot encode entry: ${header.length} bytes exceed ${MAX_HEADER_BYTES}`);
  }
  const framed = new Uint8Array(2 + header.length);
  framed.set([header.length >> 8, header.length & 0xff]);
  framed.set(header, 2);
  return framed;
}

/** The entry of a header without its length; StorageError "damaged" or "name". */
export function decodeEntry(header: Uint8Array): ArchiveEntry {
  const json = parse(header);
  try {
    const { folder } = isFolder(json, "");
    return folder ? { folder, ...folderFields(json, "") } : { folder, ...fileFields(json, "") };
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw damagedError(`cannot decode entry: ${(cause as Error).message}`, cause);
  }
}

/** The bytes of a tail. */
export function encodeTail({ missing, sha256 }: Tail): Uint8Array {
  const tail = new Uint8Array(TAIL_BYTES);
  tail[0] = missing === undefined ? 0 : MISSING.indexOf(missing) + 1;
  tail.set(sha256, 1);
  return tail;
}

/** The tail that {@link TAIL_BYTES} hold; a state that is not known counts as `changed`. */
export function decodeTail(tail: Uint8Array): Tail {
  const [state] = tail;
  const missing = state === 0 ? undefined : MISSING[state! - 1] ?? "changed";
  return { missing, sha256: tail.slice(1) };
}

function fieldsOf({ size, kind, executable, missing }: FileEntry) {
  return { size, kind, executable, ...missing === undefined ? {} : { missing } };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const isFolder = object({ folder: boolean });
const path = (value: unknown) => asName(() => checkedPath(value));
const folderFields = object({ path, modified: int() });
const fileFields = object({
  path,
  modified: int(),
  size: nullable(int()),
  kind: wordOr(KINDS, "file"),
  executable: boolean,
  missing: optional<Missing | undefined>(wordOr(MISSING, "changed"), undefined),
});

function parse(header: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(header));
  } catch (cause) {
    throw damagedError("cannot decode entry: it is not JSON", cause);
  }
}
