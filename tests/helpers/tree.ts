import { createHash } from "node:crypto";
import { join } from "node:path";

/** SHA-256 in hex of some bytes. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 in hex of a file of any size. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(2 ** 20);
  for (let n = await file.read(buffer); n !== null; n = await file.read(buffer)) {
    hash.update(buffer.subarray(0, n));
  }
  return hash.digest("hex");
}

/**
 * What lies below `folder`, by path: mode, time of last change, and the digest of a file or where a link points; a
 * folder called `except` is left out, wherever it is.
 */
export async function treeOf(folder: string, except = ""): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  const walk = async (above: string) => {
    const names = [...Deno.readDirSync(join(folder, above))].map(({ name }) => name).sort();
    for (const path of names.filter((name) => name !== except).map((name) => join(above, name))) {
      const info = await Deno.lstat(join(folder, path));
      const facts = `${(info.mode! & 0o7777).toString(8)} ${info.mtime!.getTime()}`;
      tree[path] = `${facts} ${await contentOf(join(folder, path), info)}`;
      if (info.isDirectory) await walk(path);
    }
  };
  await walk("");
  return tree;
}

/** The paths of files below `folder` whose text `holds` is true of, in order. */
export function filesWith(folder: string, holds: (text: string) => boolean, above = ""): string[] {
  return [...Deno.readDirSync(join(folder, above))].flatMap(({ name, isDirectory, isFile }) => {
    const path = join(above, name);
    if (isDirectory) return filesWith(folder, holds, path);
    return isFile && holds(Deno.readTextFileSync(join(folder, path))) ? [path] : [];
  }).sort();
}

async function contentOf(path: string, info: Deno.FileInfo): Promise<string> {
  if (info.isDirectory) return "folder";
  if (info.isSymlink) return `-> ${await Deno.readLink(path)}`;
  return info.isFile ? await fileSha256(path) : "special";
}
