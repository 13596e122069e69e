import { createHash } from "node:crypto";

/**
 * Facts of a file that differ once its content was written to, by all that the system says of it:
 * size and time of last change (SPEC.md §8).
 */
export function contentStamp(info: Deno.FileInfo): string {
  return `${info.size}/${info.mtime?.getTime() ?? 0}`;
}

/**
 * Facts of a file that differ also where it was replaced, got another name or mode, or where its
 * times were set back: the content is then worth a second look. The runtime gives the change time
 * in whole seconds.
 */
export function exactStamp(info: Deno.FileInfo): string {
  const { dev, ino, mode, nlink, ctime } = info;
  return [contentStamp(info), dev, ino, mode, nlink, ctime?.getTime() ?? 0].join("/");
}

/** True where the last name of an open file was taken away: its times may stay as they are. */
export function isGone(info: Deno.FileInfo): boolean {
  return info.nlink === 0;
}

/**
 * A running hash over what its files were when they were looked at: another one where the content
 * of any has changed; `exact`, where anything has.
 */
export class SourceStamp {
  readonly #content = createHash("sha256");
  readonly #exact = createHash("sha256");

  add(path: readonly string[], info: Deno.FileInfo): this {
    const name = path.join("/");
    // A folder's time says only that names in it came or went, and those are entries of their own.
    this.#content.update(`${name}\0${info.isFile ? contentStamp(info) : "folder"}\n`);
    this.#exact.update(`${name}\0${exactStamp(info)}\n`);
    return this;
  }

  get hex(): string {
    return this.#content.copy().digest("hex");
  }

  get exact(): string {
    return this.#exact.copy().digest("hex");
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
