import type { Missing } from "../../storage/archive/archive.ts";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import { isGone } from "./source_stamp.ts";
import type { SurveyEntry } from "./survey.ts";
import { isSameFile } from "./walk_folder.ts";

/**
 * True where `info` is the file that was surveyed, and nobody has written to it since; in a
 * `snapshot` it may have grown.
 */
export function isStill(
  info: Deno.FileInfo,
  entry: SurveyEntry,
  { snapshot }: { snapshot: boolean },
): boolean {
  if (!info.isFile || isGone(info) || !isSameFile(info, entry)) return false;
  if (!entry.isSized) return true;
  if (snapshot) return info.size >= entry.size;
  return info.size === entry.size && (info.mtime?.getTime() ?? 0) === entry.modified;
}

/** The state of a file that could not be opened or read. */
export function missingOf(error: unknown): Missing {
  if (error instanceof StorageError && error.reason === "changed") return "changed";
  const isGone = error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
  return isGone ? "gone" : "unreadable";
}

/** Why a file did not come, in words. */
export function reasonOf(missing: Missing, error?: unknown): string {
  if (missing === "changed") return "it changed while it was sent";
  if (missing === "gone") return "it was removed while it was sent";
  return storageError("it cannot be read", error).message;
}
