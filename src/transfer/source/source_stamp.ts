import { createHash } from "node:crypto";

/**
 * Facts of a file that differ once it was written to, replaced or removed (SPEC.md §8: size,
 * modification and change time).
 */
export function fileStamp(info: Deno.FileInfo): string {
  const times = [info.mtime, info.ctime].map((time) => time?.getTime() ?? 0);
  // The times may stay as they are where only its last name is taken away.
  const gone = info.nlink === 0 ? ["gone"] : [];
  return [info.dev, info.ino, info.size, ...times, ...gone].join("/");
}

/**
 * A running hash over what its files were when they were looked at: another one where anything has
 * changed.
 */
export class SourceStamp {
  readonly #hash = createHash("sha256");

  add(path: readonly string[], info: Deno.FileInfo): this {
    this.#hash.update(`${path.join("/")}\0${fileStamp(info)}\n`);
    return this;
  }

  get hex(): string {
    return this.#hash.copy().digest("hex");
  }
}

/**
 * The time of last change in milliseconds, never before 1970 (SPEC.md §7: an int); null where the
 * system has none.
 */
export function modifiedOf(info: Deno.FileInfo): number | null {
  return info.mtime === null ? null : Math.max(0, info.mtime.getTime());
}

/** True where the mode lets a user run the file; false on systems without such a mode. */
export function isExecutable(info: Deno.FileInfo): boolean {
  return ((info.mode ?? 0) & 0o111) !== 0;
}

/** Names what is neither a file nor a folder. */
export function whatIs(info: Deno.FileInfo): string {
  if (info.isSymlink) return "a symbolic link";
  if (info.isFifo) return "a FIFO";
  if (info.isSocket) return "a socket";
  return "a device";
}
