import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { P2pError } from "../../errors.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { ARCHIVE_END, encodeEntry } from "../../storage/archive/archive.ts";
import { MAX_ENTRIES } from "../../storage/archive/archive_decoder.ts";
import {
  archiveChunks,
  type ArchiveItem,
  SMALL_FILE_BYTES,
} from "../../storage/archive/archive_chunks.ts";
import { PathOrder } from "../../storage/archive/path_order.ts";
import { checkedPath } from "../../names/file_name.ts";
import { changedError, StorageError, storageError } from "../../storage/storage_error.ts";
import { exactStamp, isExecutable, modifiedOf, SourceStamp } from "./source_stamp.ts";
import type { FoundSource } from "./file_source.ts";
import { kindOf } from "./kind.ts";
import { type LeftOut, PLAIN_OFFER, type Source } from "./source.ts";
import { type WalkEntry, walkFolder } from "./walk_folder.ts";
import { prefixDigest, readAhead } from "./chunks.ts";

/** The end of an archive, and more than an entry takes beside its path and its content. */
const ARCHIVE_BYTES = 1_024;
const ENTRY_BYTES = 512;

/** Entries between two turns of the event loop while a folder is counted. */
const ENTRIES_PER_TURN = 500;

/**
 * A folder as a {@link Source}: its archive (SPEC.md §10), put together while it is sent. It is
 * walked once to count it, and again for each stream, which fails with `changed` where the two
 * walks differ.
 */
export async function openFolderSource(found: FoundSource): Promise<Source> {
  const survey = await surveyFolder(found);
  const chunks = (offset: number) =>
    archiveChunks(folderItems(found, survey.exactStamp), { chunkBytes: CHUNK_BYTES, offset });
  return {
    ...PLAIN_OFFER,
    name: found.name,
    size: survey.size,
    folder: true,
    files: survey.files,
    modified: modifiedOf(found.info),
    stamp: survey.stamp,
    exactStamp: survey.exactStamp,
    leftOut: survey.leftOut,
    mostBytes: survey.size + survey.headers,
    digest: (offset) => prefixDigest(chunks(0), offset),
    stream: (offset) => readAhead(chunks(offset)),
    close: () => Promise.resolve(),
  };
}

interface Survey {
  readonly size: number;
  /** Most bytes of the archive that are not content of a file. */
  readonly headers: number;
  readonly files: number;
  readonly stamp: string;
  readonly exactStamp: string;
  readonly leftOut: readonly LeftOut[];
}

/** Counts the folder, and refuses what no receiver would take. */
async function surveyFolder({ path, signal }: FoundSource): Promise<Survey> {
  const order = new PathOrder();
  const stamp = new SourceStamp();
  const leftOut: LeftOut[] = [];
  let size = 0;
  let files = 0;
  let entries = 0;
  let headers = ARCHIVE_BYTES;
  for (const entry of walkFolder(path, (left) => leftOut.push(left))) {
    checkEntry(order, entry);
    stamp.add(entry.path, entry.info);
    headers += ENTRY_BYTES + Buffer.byteLength(JSON.stringify(entry.path));
    if (entry.info.isFile) {
      size += entry.info.size;
      files += 1;
    }
    entries += 1;
    if (entries > MAX_ENTRIES) {
      throw new StorageError(
        "size",
        `cannot send "${path}": more than ${MAX_ENTRIES} files and folders`,
      );
    }
    if (entries % ENTRIES_PER_TURN === 0) await setImmediate();
    signal?.throwIfAborted();
  }
  return { size, headers, files, stamp: stamp.hex, exactStamp: stamp.exact, leftOut };
}

function checkEntry(order: PathOrder, { path, file, info }: WalkEntry): void {
  try {
    checkedPath(path);
    order.add(path, info.isDirectory);
  } catch (cause) {
    const hint = "rename it, or send the folder without it";
    throw new P2pError("refused", `cannot send "${file}": ${(cause as Error).message}`, {
      hint,
      cause,
    });
  }
}

function* folderItems(
  { path, name, signal }: FoundSource,
  surveyed: string,
): Generator<ArchiveItem> {
  const stamp = new SourceStamp();
  const head = new Uint8Array(SMALL_FILE_BYTES);
  for (const entry of walkFolder(path, () => {})) {
    signal?.throwIfAborted();
    stamp.add(entry.path, entry.info);
    if (entry.info.isDirectory) yield { header: encodeHeader(entry) };
    else yield* fileItem(entry, head);
  }
  // The end makes the archive whole for the receiver: it goes out only if nothing has changed.
  if (stamp.exact !== surveyed) throw changedError(name);
  yield { header: ARCHIVE_END };
}

/** One file, the same before and after it is read. */
function* fileItem(entry: WalkEntry, buffer: Uint8Array): Generator<ArchiveItem> {
  const name = entry.path.join("/");
  const before = exactStamp(entry.info);
  using file = openFile(entry.file);
  if (exactStamp(file.statSync()) !== before) throw changedError(name);
  const size = entry.info.size;
  const head = buffer.subarray(0, readHead(file, { buffer: buffer.subarray(0, size), name }));
  yield { header: encodeHeader(entry, head), content: { name, size, head, file } };
  if (exactStamp(file.statSync()) !== before) throw changedError(name);
}

function encodeHeader({ path, info }: WalkEntry, head?: Uint8Array): Uint8Array {
  const common = { path: [...path], modified: modifiedOf(info) ?? 0 };
  if (head === undefined) return encodeEntry({ folder: true, ...common });
  const kind = kindOf(head, path.at(-1)!);
  return encodeEntry({
    folder: false,
    ...common,
    size: info.size,
    kind,
    executable: isExecutable(info),
  });
}

function openFile(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (cause) {
    throw storageError(`cannot read "${path}"`, cause);
  }
}

function readHead(
  file: Deno.FsFile,
  { buffer, name }: { buffer: Uint8Array; name: string },
): number {
  try {
    let filled = 0;
    while (filled < buffer.length) {
      const read = file.readSync(buffer.subarray(filled));
      if (read === null) break;
      filled += read;
    }
    return filled;
  } catch (cause) {
    throw storageError(`cannot read "${name}"`, cause);
  }
}
