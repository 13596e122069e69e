import { KINDS } from "../../protocol/messages.ts";
import { boolean, type Checked, int, object, wordOr } from "../../protocol/schema.ts";
import { checkedPath } from "../../names/file_name.ts";
import { asName, damagedError, StorageError } from "../storage_error.ts";

/** Longest header of an entry (SPEC.md §10). */
export const MAX_HEADER_BYTES = 16_384;

/** A folder of an archive; `modified` is in milliseconds (SPEC.md §10). */
export type FolderEntry = { readonly folder: true } & Checked<typeof folderFields>;

/** A file of an archive, whose content of `size` bytes follows (SPEC.md §10). */
export type FileEntry = { readonly folder: false } & Checked<typeof fileFields>;

/** One header of the content stream of a folder (SPEC.md §10). */
export type ArchiveEntry = FolderEntry | FileEntry;

/** The bytes that close an archive. */
export const ARCHIVE_END = Uint8Array.of(0, 0);

/** An entry's length and header; RangeError where it is over {@link MAX_HEADER_BYTES}. */
export function encodeEntry(entry: ArchiveEntry): Uint8Array {
  const { path, folder, modified } = entry;
  const common = { path, folder, modified };
  const fields = entry.folder
    ? common
    : { ...common, size: entry.size, kind: entry.kind, executable: entry.executable };
  const header = encoder.encode(JSON.stringify(fields));
  if (header.length > MAX_HEADER_BYTES) {
    throw new RangeError(`cannot encode entry: ${header.length} bytes exceed ${MAX_HEADER_BYTES}`);
  }
  const framed = new Uint8Array(2 + header.length);
  framed.set([header.length >> 8, header.length & 0xff]);
  framed.set(header, 2);
  return framed;
}

/**
 * The entry of a whole header as {@link encodeEntry} gives it; StorageError "damaged" or "name".
 */
export function decodeEntry(framed: Uint8Array): ArchiveEntry {
  const json = parse(framed.subarray(2));
  try {
    const { folder } = isFolder(json, "");
    return folder ? { folder, ...folderFields(json, "") } : { folder, ...fileFields(json, "") };
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw damagedError(`cannot decode entry: ${(cause as Error).message}`, cause);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const isFolder = object({ folder: boolean });
const path = (value: unknown) => asName(() => checkedPath(value));
const folderFields = object({ path, modified: int() });
const fileFields = object({
  path,
  modified: int(),
  size: int(),
  kind: wordOr(KINDS, "file"),
  executable: boolean,
});

function parse(header: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(header));
  } catch (cause) {
    throw damagedError("cannot decode entry: it is not JSON", cause);
  }
}
