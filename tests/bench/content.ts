import { basename, join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";

const MANY_FILES = 1_000;

/** Writes a file of `bytes` below `dir`; its path. */
export async function makeFile(
  dir: string,
  bytes: number,
  name = `file-${bytes}`,
): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return path;
}

/** `count` files, forty to a folder, ten folders to a folder; the path of the one around them. */
export async function makeFolder(
  dir: string,
  { count, sizeOf }: { count: number; sizeOf: (i: number) => number },
): Promise<string> {
  const top = join(dir, `folder-${count}`);
  for (let i = 0; i < count; i++) {
    const folder = join(top, `group ${Math.floor(i / 400)}`, `set ${Math.floor(i / 40) % 10}`);
    if (i % 40 === 0) await Deno.mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file ${i}.txt`), sizeOf(i));
  }
  return top;
}

/** Sizes as in a folder of packages: most are small, some are not; about 4 KB on average. */
export function mixedSize(i: number): number {
  return [300, 900, 1_500, 2_500, 4_000, 700, 15_000, 7_100][i % 8]!;
}

/** Removes what has arrived in a folder, and leaves staging alone. */
export async function clear(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== ".p2p-partial") await discard(join(folder, name));
  }
}

/**
 * Removes something that is measured no more. What has many files is only put aside until the bench ends: for minutes
 * ext4 gives nobody the inodes of removed files, and looks through all of them for each new file, whoever makes it.
 */
export async function discard(path: string): Promise<void> {
  if (!await hasManyFiles(path)) return await Deno.remove(path, { recursive: true });
  const aside = await Deno.makeTempDir({ prefix: "discarded-" });
  await Deno.rename(path, join(aside, basename(path)));
}

async function hasManyFiles(path: string): Promise<boolean> {
  let count = 0;
  for (const folders = [path]; folders.length > 0;) {
    const folder = folders.pop()!;
    if (!(await Deno.lstat(folder)).isDirectory) continue;
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (++count === MANY_FILES) return true;
      if (isDirectory) folders.push(join(folder, name));
    }
  }
  return false;
}

async function writeFile(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const block = sampleBytes(Math.min(bytes, 2 ** 22), bytes);
  for (let left = bytes; left > 0;) {
    left -= await file.write(block.subarray(0, Math.min(left, block.length)));
  }
}
