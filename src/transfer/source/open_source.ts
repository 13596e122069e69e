import { basename, resolve } from "node:path";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import { type FoundSource, openFileSource } from "./file_source.ts";
import { portableName } from "../../names/portable_name.ts";
import { type Source, sourceName, type SourceOptions } from "./source.ts";
import { whatIs } from "./source_stamp.ts";

/**
 * Opens a regular file or a folder for sending; links on the way are followed. Throws `P2pError`
 * "local" or "refused".
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const found = await findSource(path, options);
  if (!found.info.isDirectory) return await openFileSource(found);
  const { openFolderSource } = await import("./folder_source.ts");
  return await openFolderSource(found);
}

/** Throws what {@link openSource} would, as far as that is known without reading. */
export async function checkSource(path: string, options: SourceOptions = {}): Promise<void> {
  const { info } = await findSource(path, options);
  if (info.isFile) (await openToRead(path)).close();
}

async function findSource(path: string, options: SourceOptions): Promise<FoundSource> {
  const info = await statSource(path);
  const { names = "keep" } = options;
  const name = sourceName(options.as ?? basename(resolve(path)));
  const found = {
    path: resolve(path),
    name: names === "portable" ? portableName(name) : name,
    names,
    info,
    snapshot: options.snapshot ?? false,
    skipUnreadable: options.skipUnreadable ?? false,
    signal: options.signal,
  };
  if (info.isDirectory || info.isFile) return found;
  const hint = "send its output: `… | p2p send - --as NAME`";
  throw new StorageError("disk", `cannot send "${path}": it is ${whatIs(info)}`, { hint });
}

async function openToRead(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw storageError(`cannot read "${path}"`, cause);
  }
}

async function statSource(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    throw storageError(`cannot send "${path}"`, cause);
  }
}
