import { basename } from "node:path";
import { systemCode } from "../../system_error.ts";
import { storageError } from "../storage_error.ts";

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
