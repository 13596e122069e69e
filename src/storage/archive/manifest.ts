import { join } from "node:path";
import { decodeEntry } from "./archive.ts";
import type { ArchiveItem } from "./archive_chunks.ts";

/** Bytes of a manifest that are read at once; more than the longest frame. */
const READ_BYTES = 131_072;

/**
 * The frames of a manifest: the content stream of a folder without the contents (SPEC.md §14). Each
 * is a length with its header; the last may be the end of the archive, or cut short.
 */
export function* manifestFrames(path: string): Generator<Uint8Array> {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(READ_BYTES);
  let filled = 0;
  for (
    let read = file.readSync(buffer);
    read !== null;
    read = file.readSync(buffer.subarray(filled))
  ) {
    filled += read;
    let start = 0;
    for (let end = frameEnd(buffer, start); end <= filled; end = frameEnd(buffer, start)) {
      yield buffer.slice(start, end);
      start = end;
    }
    buffer.copyWithin(0, start, filled);
    filled -= start;
  }
  if (filled > 0) yield buffer.slice(0, filled);
}

/**
 * The content stream of a folder as far as it is in staging; it ends where the first file is short
 * or missing.
 */
export function* treeItems(manifest: string, tree: string): Generator<ArchiveItem> {
  for (const header of manifestFrames(manifest)) {
    const entry = isWhole(header) ? decodeEntry(header) : undefined;
    if (entry === undefined || entry.folder) {
      yield { header };
      continue;
    }
    using file = openFile(join(tree, ...entry.path));
    const size = Math.min(entry.size, file?.statSync().size ?? 0);
    if (file === undefined || size === 0) yield { header };
    else {yield {
        header,
        content: { name: entry.path.join("/"), size, head: new Uint8Array(0), file },
      };}
    if (size < entry.size) return;
  }
}

function frameEnd(buffer: Uint8Array, start: number): number {
  return start + 2 + ((buffer[start] ?? 0xff) << 8 | (buffer[start + 1] ?? 0xff));
}

/** True where it holds an entry: not the end of the archive, and not cut short. */
function isWhole(frame: Uint8Array): boolean {
  return frame.length > 2 && frame.length === frameEnd(frame, 0);
}

function openFile(path: string): Deno.FsFile | undefined {
  try {
    return Deno.lstatSync(path).isFile ? Deno.openSync(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
