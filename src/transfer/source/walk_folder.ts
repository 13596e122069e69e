import { join } from "node:path";
import { changedError, storageError } from "../../storage/storage_error.ts";
import { whatIs } from "./source_stamp.ts";
import type { LeftOut } from "./source.ts";

/** One file or folder below the folder that is walked. */
export interface WalkEntry {
  /** Components in NFC, as they are sent (SPEC.md §13). */
  readonly path: readonly string[];
  /** Its path on this machine. */
  readonly file: string;
  readonly info: Deno.FileInfo;
}

/**
 * Files and folders below `root` in the order of SPEC.md §10: depth first, names ascending by
 * UTF-16 code units. Links, and other things that are neither, go to `leaveOut`. Only the names of
 * the open folders are kept.
 */
export function* walkFolder(
  root: string,
  leaveOut: (left: LeftOut) => void,
  above: readonly string[] = [],
): Generator<WalkEntry> {
  for (const { name, sent } of sortedNames(root)) {
    const file = join(root, name);
    const path = [...above, sent];
    const info = look(file);
    if (!info.isFile && !info.isDirectory) {
      leaveOut({ path: path.join("/"), what: whatIs(info) });
      continue;
    }
    yield { path, file, info };
    if (info.isDirectory) yield* walkFolder(file, leaveOut, path);
  }
}

function sortedNames(folder: string): { name: string; sent: string }[] {
  try {
    return Array.from(
      Deno.readDirSync(folder),
      ({ name }) => ({ name, sent: name.normalize("NFC") }),
    )
      .sort((a, b) => a.sent < b.sent ? -1 : 1);
  } catch (cause) {
    throw storageError(`cannot read "${folder}"`, cause);
  }
}

function look(path: string): Deno.FileInfo {
  try {
    return Deno.lstatSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw changedError(path, cause);
    throw storageError(`cannot read "${path}"`, cause);
  }
}
