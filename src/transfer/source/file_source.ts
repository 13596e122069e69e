import { handOver, type OwnedBytes, releaseBuffer, takeBuffer } from "../../buffer_pool.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import { readFull } from "../../storage/file_system.ts";
import { changedError, storageError } from "../../storage/storage_error.ts";
import {
  contentStamp,
  exactStamp,
  isExecutable,
  isGone,
  modifiedOf,
  SourceStamp,
} from "./source_stamp.ts";
import { KIND_HEAD_BYTES, kindOf } from "./kind.ts";
import { SeenChunks } from "./seen_chunks.ts";
import { PLAIN_OFFER, type SentNames, type Source } from "./source.ts";
import { prefixDigest, readAhead } from "./chunks.ts";

/** A path that was looked at, and the name it is sent under. */
export interface FoundSource {
  readonly path: string;
  readonly name: string;
  readonly info: Deno.FileInfo;
  /** Sends what a file had when it was opened, also where it grows meanwhile. */
  readonly snapshot: boolean;
  /** Leaves out of a folder what cannot be read. */
  readonly skipUnreadable: boolean;
  readonly names: SentNames;
  readonly signal: AbortSignal | undefined;
}

/** A file that is read: once for its head, then for each stream. */
interface ReadFile extends FoundSource {
  /** Its length; null where what the system says is not what it holds, as in `/proc`. */
  readonly size: number | null;
  readonly seen: SeenChunks;
}

/** Most second looks at a file whose metadata moves on and on. */
const MAX_LOOKS = 3;

/**
 * A regular file as a {@link Source}. Each stream opens it anew, reads it to its end, and fails with
 * `changed` where the content is not the same; where only the metadata has moved, it looks at the
 * bytes a second time.
 */
export async function openFileSource(found: FoundSource): Promise<Source> {
  const { name, info } = found;
  const { head, size } = await readHead(found);
  const file: ReadFile = { ...found, size, seen: new SeenChunks() };
  const stamp = new SourceStamp().add([name], info);
  return {
    ...PLAIN_OFFER,
    name,
    kind: kindOf(head, name),
    size,
    modified: modifiedOf(info),
    executable: isExecutable(info),
    stamp: size === null ? null : stamp.hex,
    exactStamp: stamp.exact,
    leftOut: [],
    missing: [],
    digest: (offset) => prefixDigest(fileChunks(file, 0), offset),
    stream: (offset) => readAhead(fileChunks(file, offset)),
    close: () => Promise.resolve(),
  };
}

/** The first bytes of a file, and its length; null where that is not what the system says. */
async function readHead(
  found: FoundSource,
): Promise<{ head: Uint8Array; size: number | null }> {
  using file = await openFile(found);
  const buffer = new Uint8Array(KIND_HEAD_BYTES + 1);
  const length = await readFrom(file, buffer, found);
  const head = buffer.subarray(0, length);
  const { size } = found.info;
  if (length < buffer.length ? length === size : length <= size) return { head, size };
  // What was said before was never true, or it is no longer.
  if ((await file.stat()).size !== size) throw changedError(found.name);
  return { head, size: null };
}

async function* fileChunks(found: ReadFile, offset: number): AsyncGenerator<OwnedBytes> {
  const { size, signal, seen, name } = found;
  if (size !== null && offset > size) {
    throw new RangeError(`cannot read from ${offset}: "${name}" ends before`);
  }
  using file = await openFile(found);
  if (size !== null && !isUnchanged(file.statSync(), found)) throw changedError(name);
  for await (const { at, chunk, isLast } of readChunks(file, { found, offset })) {
    signal?.throwIfAborted();
    if (!seen.isSame(at, chunk)) throw changedError(name);
    // The last chunk is what makes it whole for the receiver: it goes out only if nothing has
    // changed.
    if (isLast) await assertSame(file, found);
    yield chunk;
  }
}

/** A chunk of a file, and its place. */
interface ReadChunk {
  readonly at: number;
  readonly chunk: OwnedBytes;
  readonly isLast: boolean;
}

/** The chunks of an open file; `changed` where it does not end where it should. */
async function* readChunks(
  file: Deno.FsFile,
  { found, offset }: { found: ReadFile; offset: number },
): AsyncGenerator<ReadChunk> {
  const end = found.size ?? Infinity;
  await file.seek(offset, Deno.SeekMode.Start);
  const quick = new AdaptiveFile(file);
  for (let at = offset; at < end;) {
    const chunk = takeBuffer(Math.min(CHUNK_BYTES, end - at));
    const length = await readFrom(quick, chunk, found);
    if (length < chunk.length && found.size !== null) throw changedError(found.name);
    if (length === 0) return;
    const read = length < chunk.length ? handOver(chunk.subarray(0, length)) : chunk;
    const isLast = at + length === end;
    if (isLast && !found.snapshot && await hasMore(quick, found)) throw changedError(found.name);
    yield { at, chunk: read, isLast };
    at += length;
  }
}

/** Fails where the content is not what was read of it. */
async function assertSame(file: Deno.FsFile, found: ReadFile): Promise<void> {
  let before = found.info;
  for (let looks = 0; looks <= MAX_LOOKS; looks++) {
    const now = await file.stat();
    if (!isUnchanged(now, found)) break;
    if (found.snapshot || exactStamp(now) === exactStamp(before)) return;
    await lookAgain(now, found);
    before = now;
  }
  throw changedError(found.name);
}

/** Reads what is at the path now, from its start, and compares it with all that was read before. */
async function lookAgain(now: Deno.FileInfo, found: ReadFile): Promise<void> {
  using file = await openFile(found);
  const { dev, ino } = await file.stat();
  if (dev !== now.dev || ino !== now.ino) throw changedError(found.name);
  for await (const { at, chunk } of readChunks(file, { found, offset: 0 })) {
    found.signal?.throwIfAborted();
    if (!found.seen.isSame(at, chunk)) throw changedError(found.name);
    releaseBuffer(chunk);
  }
}

/** True where size and time say that nobody has written to it; what grows may, in a snapshot. */
function isUnchanged(now: Deno.FileInfo, { info, snapshot }: FoundSource): boolean {
  if (isGone(now)) return false;
  return snapshot ? now.size >= info.size : contentStamp(now) === contentStamp(info);
}

async function openFile(found: FoundSource): Promise<Deno.FsFile> {
  try {
    // A FIFO put in its place would block the open; what it is now is looked at first.
    if (!(await Deno.stat(found.path)).isFile) throw changedError(found.name);
    return await Deno.open(found.path);
  } catch (cause) {
    throw storageError(`cannot read "${found.path}"`, cause);
  }
}

async function hasMore(file: Pick<AdaptiveFile, "read">, found: FoundSource): Promise<boolean> {
  return await readFrom(file, new Uint8Array(1), found) > 0;
}

async function readFrom(
  file: Pick<AdaptiveFile, "read">,
  into: Uint8Array,
  found: FoundSource,
): Promise<number> {
  try {
    return await readFull(file, into);
  } catch (cause) {
    throw storageError(`cannot read "${found.path}"`, cause);
  }
}
