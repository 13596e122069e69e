import { setImmediate } from "node:timers/promises";
import { handOver, type OwnedBytes } from "../../buffer_pool.ts";
import { changedError, storageError } from "../storage_error.ts";

/** Files up to here are read at once: one system call is sooner done than a thread is asked. */
export const SMALL_FILE_BYTES = 65_536;

/**
 * A header of an archive and, for a file, its content: `head`, which was read already, then what
 * `file` gives.
 */
export interface ArchiveItem {
  readonly header: Uint8Array;
  readonly content?: {
    readonly name: string;
    readonly size: number;
    /**
     * The first bytes; `file` stands behind them. It may be changed once the next item was asked
     * for.
     */
    readonly head: Uint8Array;
    readonly file: Deno.FsFile;
  };
}

/**
 * The content stream of a folder (SPEC.md §10) from `offset`, in fresh chunks of `chunkBytes`, the
 * last one shorter. Items are asked for one by one when there is room. Between chunks the event
 * loop turns. "changed" where a file ends before its size.
 */
export async function* archiveChunks(
  items: Iterable<ArchiveItem>,
  { chunkBytes, offset = 0 }: { chunkBytes: number; offset?: number },
): AsyncGenerator<OwnedBytes> {
  let chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  let skip = offset;
  for (const item of items) {
    const length = item.header.length + (item.content?.size ?? 0);
    let at = Math.min(skip, length);
    skip -= at;
    if (at < length) seekContent(item, at);
    while (at < length) {
      const room = chunk.subarray(filled, filled + length - at);
      const read = copyKnown(item, { at, room }) || await readContent(item, room);
      at += read;
      filled += read;
      if (filled < chunkBytes) continue;
      await setImmediate();
      yield handOver(chunk);
      chunk = new Uint8Array(chunkBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield handOver(chunk.slice(0, filled));
}

/**
 * Copies what is in memory of the item: the header, then the head of the content. 0 where `at` is
 * behind it.
 */
function copyKnown(item: ArchiveItem, { at, room }: { at: number; room: Uint8Array }): number {
  const { header, content } = item;
  const source = at < header.length
    ? header.subarray(at)
    : content?.head.subarray(at - header.length);
  const known = source?.subarray(0, room.length) ?? header.subarray(0, 0);
  room.set(known);
  return known.length;
}

function seekContent({ header, content }: ArchiveItem, at: number): void {
  const start = at - header.length;
  if (content !== undefined && start > content.head.length) {
    content.file.seekSync(start, Deno.SeekMode.Start);
  }
}

async function readContent({ content }: ArchiveItem, room: Uint8Array): Promise<number> {
  const { file, size, name } = content!;
  try {
    const read = size <= SMALL_FILE_BYTES ? file.readSync(room) : await file.read(room);
    if (read === null || read === 0) throw changedError(name);
    return read;
  } catch (cause) {
    throw storageError(`cannot read "${name}"`, cause);
  }
}
