import { setImmediate } from "node:timers/promises";
import { concat } from "../../bytes.ts";
import type { FileEntry } from "./archive.ts";
import type { LocalTree } from "./local_tree.ts";
import { ManifestReader } from "./manifest.ts";

/** Bytes that are put together before the event loop has a turn. */
const PIECE_BYTES = 2 ** 20;

/**
 * The content stream of a folder as far as it is in staging, put together from `manifest` and
 * `tree` (SPEC.md §14); it ends where the first file is short or missing.
 */
export async function* storedArchive(
  manifest: string,
  tree: LocalTree,
): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for (const piece of storedPieces(manifest, tree)) {
    pieces.push(piece);
    length += piece.length;
    if (length < PIECE_BYTES) continue;
    await setImmediate();
    yield concat(pieces);
    pieces = [];
    length = 0;
  }
  if (length > 0) yield concat(pieces);
}

function* storedPieces(manifest: string, tree: LocalTree): Generator<Uint8Array> {
  using reader = new ManifestReader(manifest);
  let file: Deno.FsFile | undefined;
  try {
    for (;;) {
      for (const event of reader.events()) {
        if (event.type === "frame") yield event.bytes;
        if (event.type !== "entry") continue;
        file?.close();
        const path = tree.enter(event.entry);
        file = event.entry.folder ? undefined : openFile(path, event.entry);
      }
      const bytes = readPiece(file, reader.contentLeft);
      if (bytes.length === 0) return;
      reader.skip(bytes.length);
      yield bytes;
    }
  } finally {
    file?.close();
  }
}

/** The next bytes of a file, `left` at most; none where there is none, or it has ended. */
function readPiece(file: Deno.FsFile | undefined, left: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(left, PIECE_BYTES));
  const read = left === 0 ? 0 : file?.readSync(bytes) ?? 0;
  return bytes.subarray(0, read);
}

function openFile(file: string, { missing }: FileEntry): Deno.FsFile | undefined {
  if (missing !== undefined) return undefined;
  try {
    return Deno.lstatSync(file).isFile ? Deno.openSync(file) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
