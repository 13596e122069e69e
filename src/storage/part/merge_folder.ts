import { basename, join } from "node:path";
import { topName } from "../../names/file_name.ts";
import { ignoreMissing, infoOf, syncFolder } from "../file_system.ts";
import { StorageError, storageError } from "../storage_error.ts";
import { freeNames } from "./free_names.ts";
import { linkFile, placeFolder } from "./publish.ts";

/** What becomes of names in a folder that was there (SPEC.md §14). */
export interface MergeOptions {
  /** Files replace those of their name; else they take the next free one. */
  readonly overwrite: boolean;
  /** Leaves a leading `.` or `-` of a new name as it is. */
  readonly allowHidden: boolean;
}

/**
 * Moves each file of the folder `from` into the folder `to`; other files stay. False, and nothing
 * moved, where a file would replace a folder or a folder something else, be it a link to a folder.
 * What is new in a folder that was there may be neither hidden nor executable: programs may look for
 * it. It can be done again after a crash in the middle.
 */
export async function mergeFolder(
  from: string,
  to: string,
  options: MergeOptions,
): Promise<boolean> {
  if (options.overwrite && !await isMergeable(from, to)) return false;
  await moveInto(from, to, options);
  return true;
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

async function moveInto(from: string, to: string, options: MergeOptions): Promise<void> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      // Looked at again, right before each step: somebody may be swapping folders for links.
      if (!(await Deno.lstat(to)).isDirectory) {
        throw new StorageError("exists", `"${basename(to)}" is not a folder any more`);
      }
      const there = await infoOf(join(to, name));
      if (isDirectory && there?.isDirectory) {
        await moveInto(join(from, name), join(to, name), options);
      } else await moveEntry({ from, to, name, there }, options);
    }
    await syncFolder(to);
    await Deno.remove(from);
  } catch (cause) {
    throw storageError(`cannot publish "${basename(to)}"`, cause);
  }
}

/** One entry on its way into a folder, and what has its name there. */
interface Moved {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly there: Deno.FileInfo | undefined;
}

async function moveEntry({ from, to, name, there }: Moved, options: MergeOptions): Promise<void> {
  const source = join(from, name);
  const info = await Deno.lstat(source);
  if (!options.overwrite || !isExecutable(there)) await dropExecutable(source, info);
  const top = there === undefined ? topName(name, options) : name;
  if (options.overwrite) return await Deno.rename(source, join(to, top));
  const place = info.isDirectory ? placeFolder : linkFile;
  for (const free of freeNames(to, { top, claimed: undefined, names: new Set() })) {
    if (!await place(source, join(to, free))) continue;
    return await Deno.remove(source).catch(ignoreMissing); // A file has two names now.
  }
  throw new StorageError("exists", `cannot publish "${name}": the name is taken`);
}

/** Takes the execute bits away from a file, or from all files below a folder. */
async function dropExecutable(path: string, info: Deno.FileInfo): Promise<void> {
  if (info.isDirectory) {
    for await (const { name } of Deno.readDir(path)) {
      const below = join(path, name);
      await dropExecutable(below, await Deno.lstat(below));
    }
  } else if (isExecutable(info)) await Deno.chmod(path, info.mode! & 0o666);
}

function isExecutable(info: Deno.FileInfo | undefined): boolean {
  return info?.isFile === true && ((info.mode ?? 0) & 0o111) !== 0;
}
