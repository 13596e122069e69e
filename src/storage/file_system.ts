import { statfsSync } from "node:fs";

/** The last millisecond that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** Bytes that this user can still write to the file system of `folder`; undefined where unknown. */
export function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Bytes of the file system of `folder`, used or free; undefined where unknown. */
export function diskBytes(folder: string): number | undefined {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize;
  } catch {
    return undefined;
  }
}

/**
 * Resolves when the names in the folder at `path` are on disk; where the system cannot do that it
 * does nothing.
 */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}

/**
 * Sets the time of last change, in milliseconds, of a file or a folder; null leaves it, as does a
 * time that no system can hold.
 */
export function setModifiedSync(path: string, modified: number | null): void {
  if (modified === null || modified > MAX_DATE_MS) return;
  try {
    Deno.utimeSync(path, new Date(), new Date(modified));
  } catch (error) {
    // The bytes are what counts; only a file that is gone is worth an error.
    if (error instanceof Deno.errors.NotFound) throw error;
  }
}

/** The entry at `path` itself, links not followed; undefined where nothing is there. */
export async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** True where something is at `path`, be it a link to nothing. */
export async function exists(path: string): Promise<boolean> {
  return await infoOf(path) !== undefined;
}

/** Throws every error but that of a path at which nothing is. */
export function ignoreMissing(error: unknown): undefined {
  const isMissing = error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
  if (!isMissing) throw error;
}

/** Reads until `into` is full or the file ends; gives the bytes that were read. */
export async function readFull(
  file: Pick<Deno.FsFile, "read">,
  into: Uint8Array,
): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const read = await file.read(into.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled;
}

/** The first `length` bytes of the file at `path`, or all there are. */
export async function headOf(path: string, length: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const head = new Uint8Array(length);
  return head.subarray(0, await readFull(file, head));
}

/** As {@link readFull}, at once. */
export function readFullSync(file: Pick<Deno.FsFile, "readSync">, into: Uint8Array): number {
  let filled = 0;
  while (filled < into.length) {
    const read = file.readSync(into.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled;
}

/** Writes all of `bytes`, in as many calls as that takes. */
export async function writeAll(
  file: Pick<Deno.FsFile, "write">,
  bytes: Uint8Array,
): Promise<void> {
  for (let left = bytes; left.length > 0;) left = left.subarray(await file.write(left));
}
