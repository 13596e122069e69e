import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Part, PublishOptions } from "../../../src/storage/part/part.ts";
import type { PartOffer } from "../../../src/storage/part/part_content.ts";
import { Staging } from "../../../src/storage/part/staging.ts";

/** The key of the sender in these tests. */
export const SENDER = new Uint8Array(32).fill(7);

/** How these tests publish where they have no wish. */
export const RENAME: PublishOptions = { onConflict: "rename", allowHidden: false };

/** A folder that is gone at the end of the block. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder of its own for one test. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "p2p-test-" }));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Opens the staging of `dir`. */
export function openStaging(dir: string): Promise<Staging> {
  return Staging.open(dir, { keepMs: 60_000 });
}

/** The offer of a file of `size` bytes, or what `changes` make of it. */
export function offerOf(size: number | null, changes: Partial<PartOffer> = {}): PartOffer {
  return {
    transfer: "0123456789abcdef".repeat(2),
    name: "x.bin",
    kind: "file",
    size,
    folder: false,
    files: 1,
    modified: 1_700_000_000_123,
    executable: false,
    text: false,
    ...changes,
  };
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes `bytes` from `offset` in slices of `slice` bytes, to the end of the stream unless `cutAt` comes before. */
export async function write(
  part: Part,
  bytes: Uint8Array,
  { offset = part.offset, slice = 262_144, cutAt = Infinity } = {},
): Promise<void> {
  const writer = part.begin(offset).getWriter();
  const end = Math.min(bytes.length, cutAt);
  for (let at = offset; at < end; at += slice) {
    await writer.write(bytes.slice(at, Math.min(at + slice, end)));
  }
  if (cutAt === Infinity) await writer.close();
  else writer.releaseLock();
}

/** All that lies below a folder: by path the digest, the mode and the time of last change of each file and folder. */
export async function treeOf(folder: string, above = ""): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for await (const { name } of Deno.readDir(join(folder, above))) {
    const path = join(above, name);
    const info = await Deno.lstat(join(folder, path));
    const mode = (info.mode! & 0o7777).toString(8);
    const content = info.isFile
      ? sha256(await Deno.readFile(join(folder, path)))
      : info.isSymlink
      ? "link"
      : "folder";
    tree[path] = `${mode} ${info.mtime!.getTime()} ${content}`;
    if (info.isDirectory) Object.assign(tree, await treeOf(folder, path));
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => a < b ? -1 : 1));
}

/** The state on disk as a kill would leave it: a copy of `from` at `to`. Hard links become files of their own. */
export async function copyTree(from: string, to: string): Promise<void> {
  const { mode, mtime } = await Deno.stat(from);
  await Deno.mkdir(to, { mode: mode! & 0o777 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(join(from, name), join(to, name));
    else await copyFile(join(from, name), join(to, name));
  }
  await Deno.utime(to, new Date(), mtime!);
}

async function copyFile(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.utime(to, new Date(), (await Deno.stat(from)).mtime!);
}
