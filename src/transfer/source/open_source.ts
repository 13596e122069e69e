import { basename, resolve } from "node:path";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import { openFileSource } from "./file_source.ts";
import { openFolderSource } from "./folder_source.ts";
import { type Source, sourceName, type SourceOptions } from "./source.ts";
import { whatIs } from "./source_stamp.ts";

/**
 * Opens a regular file or a folder for sending; links on the way are followed. Throws `P2pError`
 * "local" or "refused".
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const info = await statSource(path);
  const name = sourceName(options.as ?? basename(resolve(path)));
  const found = {
    path: resolve(path),
    name,
    info,
    snapshot: options.snapshot ?? false,
    signal: options.signal,
  };
  if (info.isDirectory) return await openFolderSource(found);
  if (info.isFile) return await openFileSource(found);
  const hint = "send its output: `… | p2p send - --as NAME`";
  throw new StorageError("disk", `cannot send "${path}": it is ${whatIs(info)}`, { hint });
}

async function statSource(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    throw storageError(`cannot send "${path}"`, cause);
  }
}
