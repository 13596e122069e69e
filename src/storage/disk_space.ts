import { statfsSync } from "node:fs";

/** Bytes that this user can still write to the file system of `folder`; undefined where the system does not say. */
export function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
