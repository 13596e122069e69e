import { join } from "node:path";
import { changedError, storageError } from "../../storage/storage_error.ts";
import { whatIs } from "./source_stamp.ts";
import { ALL_LIMITS, SiblingNames } from "../../names/portable_name.ts";
import type { LeftOut, SentNames } from "./source.ts";

/** One file or folder below the folder that is walked. */
export interface WalkEntry {
  /** Components in NFC, as they are sent (SPEC.md §13). */
  readonly path: readonly string[];
  /** Its name as it is on this machine, and its path. */
  readonly name: string;
  readonly file: string;
  readonly info: Deno.FileInfo;
}

/** Takes what is met on a walk and is not given out. */
export interface WalkOptions {
  readonly names: SentNames;
  /** A link, or another thing that is neither a file nor a folder. */
  readonly leaveOut: (left: LeftOut) => void;
  /** A folder that cannot be read. */
  readonly unreadable: (path: readonly string[], error: Error) => void;
}

/**
 * Files and folders below `root` in the order of SPEC.md §10: depth first, names ascending by
 * UTF-16 code units. What is gone by the time it is looked at was not there. Only the names of the
 * open folders are kept. "changed" where a folder was swapped for something else meanwhile: what
 * was seen then may lie elsewhere.
 */
export function walkFolder(root: string, options: WalkOptions): Generator<WalkEntry> {
  // The root was named, and may be a link.
  return walk({ path: root, info: Deno.statSync(root), look: Deno.statSync }, [], options);
}

function* walk(
  folder: OpenFolder,
  above: readonly string[],
  options: WalkOptions,
): Generator<WalkEntry> {
  const unreadable = (error: Error) => options.unreadable(above, error);
  const names = sortedNames(folder.path, { names: options.names, unreadable });
  if (names.length > 0) assertSame(folder);
  for (const { name, sent } of names) {
    const file = join(folder.path, name);
    const path = [...above, sent];
    const info = look(file);
    if (info === undefined) {
      // The runtime gives U+FFFD for what is no UTF-8: there is no path to such a file.
      const reason = "its name is not UTF-8";
      if (name.includes("\ufffd")) options.leaveOut({ path: path.join("/"), reason });
      continue;
    }
    if (!info.isFile && !info.isDirectory) {
      options.leaveOut({ path: path.join("/"), reason: `it is ${whatIs(info)}` });
      continue;
    }
    yield { path, name, file, info };
    if (info.isDirectory) yield* walk({ path: file, info, look: Deno.lstatSync }, path, options);
  }
  assertSame(folder);
}

/** A folder that is being walked, as it was found, and how to look at it again. */
interface OpenFolder {
  readonly path: string;
  readonly info: Deno.FileInfo;
  readonly look: (path: string) => Deno.FileInfo;
}

/** Fails where it is another one by now; each folder above looks at itself later. */
function assertSame({ path, info, look }: OpenFolder): void {
  try {
    if (isSameFile(look(path), info)) return;
  } catch (cause) {
    throw changedError(path, cause);
  }
  throw changedError(path);
}

/** True where both are one file or folder, as far as the system can say. */
export function isSameFile(
  a: Pick<Deno.FileInfo, "dev" | "ino">,
  b: Pick<Deno.FileInfo, "dev" | "ino">,
): boolean {
  return a.dev === b.dev && (a.ino ?? 0) === (b.ino ?? 0);
}

function sortedNames(
  folder: string,
  { names, unreadable }: { names: SentNames; unreadable: (error: Error) => void },
): { name: string; sent: string }[] {
  try {
    const found = Array.from(
      Deno.readDirSync(folder),
      ({ name }) => ({ name, sent: name.normalize("NFC") }),
    )
      .sort(bySent);
    if (names === "keep") return found;
    const siblings = new SiblingNames(ALL_LIMITS);
    return found.map(({ name, sent }) => ({ name, sent: siblings.take(sent) })).sort(bySent);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      unreadable(storageError(`cannot read "${folder}"`, cause));
    }
    return [];
  }
}

function bySent(a: { sent: string }, b: { sent: string }): number {
  return a.sent < b.sent ? -1 : 1;
}

function look(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw storageError(`cannot read "${path}"`, cause);
  }
}
