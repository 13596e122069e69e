import { basename, join } from "node:path";
import { systemCode } from "../../system_error.ts";
import { infoOf, syncFolder } from "../file_system.ts";
import { StorageError, storageError } from "../storage_error.ts";

/**
 * Gives the file at `from` the name `to`; false where that is taken. It follows no link and
 * replaces nothing.
 */
export async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await Deno.link(from, to);
    return true;
  } catch (cause) {
    if (isTaken(cause)) return false;
    if (NO_HARD_LINKS.includes(systemCode(cause))) return await claimFile(from, to);
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}

/**
 * Moves the file at `from` over what is at `to`, a link there being replaced itself; false where a
 * folder is there.
 */
export async function replaceFile(from: string, to: string): Promise<boolean> {
  try {
    await Deno.rename(from, to);
    return true;
  } catch (cause) {
    if (isTaken(cause)) return false;
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}

/** Moves the folder at `from` to `to`, whole and at once; false where that name is taken. */
export async function placeFolder(from: string, to: string): Promise<boolean> {
  try {
    // `rename` alone would also take an empty folder that is somebody else's.
    if (Deno.build.os !== "windows") await Deno.mkdir(to);
    await Deno.rename(from, to);
    return true;
  } catch (cause) {
    if (isTaken(cause)) return false;
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}

/**
 * Moves each file of the folder `from` into the folder `to`, over the files that are there; other
 * files stay. False, and nothing moved, where a file would replace a folder or a folder something
 * else, be it a link to a folder.
 */
export async function mergeFolder(from: string, to: string): Promise<boolean> {
  if (!await isMergeable(from, to)) return false;
  await moveInto(from, to);
  return true;
}

/** Errors of `link` on FAT, some network file systems, and Android. */
const NO_HARD_LINKS = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

const TAKEN = ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"];

function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AlreadyExists || TAKEN.includes(systemCode(error));
}

/** Without hard links: an empty file takes the name, and is then replaced. */
async function claimFile(from: string, to: string): Promise<boolean> {
  try {
    (await Deno.open(to, { write: true, createNew: true, mode: 0o600 })).close();
    await Deno.rename(from, to);
    return true;
  } catch (cause) {
    if (isTaken(cause)) return false;
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}

async function isMergeable(from: string, to: string): Promise<boolean> {
  const there = await infoOf(to);
  if (there === undefined) return true;
  if (!there.isDirectory) return false;
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const target = join(to, name);
    const fits = isDirectory
      ? await isMergeable(join(from, name), target)
      : !(await infoOf(target))?.isDirectory;
    if (!fits) return false;
  }
  return true;
}

async function moveInto(from: string, to: string): Promise<void> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      const target = join(to, name);
      // Looked at again, right before each step: somebody may be swapping folders for links.
      if (!(await Deno.lstat(to)).isDirectory) {
        throw new StorageError("exists", `"${basename(to)}" is not a folder any more`);
      }
      const meets = isDirectory && await infoOf(target) !== undefined;
      if (meets) await moveInto(join(from, name), target);
      else await Deno.rename(join(from, name), target);
    }
    await syncFolder(to);
    await Deno.remove(from);
  } catch (cause) {
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}
