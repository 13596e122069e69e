import { diskBytes, freeBytes } from "../storage/file_system.ts";

/** The least that stays free for others: so many bytes, or this share of the disk. */
const SPARE_BYTES = 1_000_000_000;
const SPARE_SHARE = 0.05;

/**
 * Bytes that a hub may take of the disks of `folders`, as they are now: all that is free less the
 * larger of 5 % and 1 GB, or half of it where that is more.
 */
export async function roomOnDisk(folders: readonly string[]): Promise<number> {
  const byDevice = new Map<number, string>();
  for (const folder of folders) byDevice.set((await Deno.stat(folder)).dev, folder);
  return [...byDevice.values()].reduce((sum, folder) => sum + roomIn(folder), 0);
}

function roomIn(folder: string): number {
  const free = freeBytes(folder) ?? Infinity;
  const spare = Math.max(SPARE_BYTES, SPARE_SHARE * (diskBytes(folder) ?? 0));
  return Math.max(free - spare, free / 2);
}
