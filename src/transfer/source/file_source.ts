import { type OwnedBytes, takeBuffer } from "../../buffer_pool.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import { readFull } from "../../storage/file_system.ts";
import { changedError, storageError } from "../../storage/storage_error.ts";
import { fileStamp, isExecutable, modifiedOf, SourceStamp } from "./source_stamp.ts";
import { KIND_HEAD_BYTES, kindOf } from "./kind.ts";
import { PLAIN_OFFER, type Source } from "./source.ts";
import { prefixDigest, readAhead } from "./chunks.ts";

/** A path that was looked at, and the name it is sent under. */
export interface FoundSource {
  readonly path: string;
  readonly name: string;
  readonly info: Deno.FileInfo;
  readonly signal: AbortSignal | undefined;
}

/**
 * A regular file as a {@link Source}. Each stream opens it anew and fails with `changed` where it
 * is not the same.
 */
export async function openFileSource(found: FoundSource): Promise<Source> {
  const { name, info } = found;
  return {
    ...PLAIN_OFFER,
    name,
    kind: kindOf(await readHead(found), name),
    size: info.size,
    modified: modifiedOf(info),
    executable: isExecutable(info),
    stamp: new SourceStamp().add([name], info).hex,
    leftOut: [],
    digest: (offset) => prefixDigest(fileChunks(found, 0), offset),
    stream: (offset) => readAhead(fileChunks(found, offset)),
    close: () => Promise.resolve(),
  };
}

async function readHead(found: FoundSource): Promise<Uint8Array> {
  using file = await openUnchanged(found);
  const head = new Uint8Array(Math.min(KIND_HEAD_BYTES, found.info.size));
  return head.subarray(0, await readFrom(file, head, found));
}

async function* fileChunks(
  found: FoundSource,
  offset: number,
): AsyncGenerator<OwnedBytes> {
  using file = await openUnchanged(found);
  await file.seek(offset, Deno.SeekMode.Start);
  const quick = new AdaptiveFile(file);
  let left = found.info.size - offset;
  if (left < 0) throw new RangeError(`cannot read from ${offset}: "${found.name}" ends before`);
  while (left > 0) {
    found.signal?.throwIfAborted();
    const chunk = takeBuffer(Math.min(CHUNK_BYTES, left));
    const length = await readFrom(quick, chunk, found);
    left -= chunk.length;
    // The last chunk is what makes it whole for the receiver: it goes out only if nothing has
    // changed.
    if (length < chunk.length || left === 0) await assertUnchanged(file, found);
    if (length < chunk.length) throw changedError(found.name);
    yield chunk;
  }
}

async function openUnchanged(found: FoundSource): Promise<Deno.FsFile> {
  try {
    // A FIFO put in its place would block the open; what it is now is looked at first.
    if (!(await Deno.stat(found.path)).isFile) throw changedError(found.name);
    const file = await Deno.open(found.path);
    await assertUnchanged(file, found).catch((error) => (file.close(), Promise.reject(error)));
    return file;
  } catch (cause) {
    throw storageError(`cannot read "${found.path}"`, cause);
  }
}

async function assertUnchanged(file: Deno.FsFile, { name, info }: FoundSource): Promise<void> {
  if (fileStamp(await file.stat()) !== fileStamp(info)) throw changedError(name);
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
