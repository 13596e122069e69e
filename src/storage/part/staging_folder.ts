import { createHash } from "node:crypto";
import { join } from "node:path";
import { StorageError } from "../storage_error.ts";
import type { NameLimits } from "../../names/portable_name.ts";
import { exists, ignoreMissing, syncFolder } from "../file_system.ts";

/**
 * Makes the staging folder, or checks that it is a private folder of this user and no link. Gives
 * the mode that the system leaves of 0777 for new folders: asking for the umask itself would need a
 * permission; and what names the system and the disk cannot hold.
 */
export async function openStagingFolder(path: string): Promise<StagingFolder> {
  await makeFolder(path);
  const info = await Deno.lstat(path);
  if (!info.isDirectory) {
    const hint = "move it away; unfinished transfers are kept there";
    throw new StorageError("disk", `cannot keep transfers in "${path}": it is not a folder`, {
      hint,
    });
  }
  if (((info.mode ?? 0) & 0o077) !== 0) await Deno.chmod(path, 0o700);
  const probe = await probeFolder(path);
  if (probe.uid !== info.uid) {
    throw new StorageError(
      "disk",
      `cannot keep transfers in "${path}": it belongs to somebody else`,
    );
  }
  return { creationMode: (probe.mode ?? 0o777) & 0o777, limits: await probeNames(path) };
}

/** What was found out of the staging folder. */
export interface StagingFolder {
  creationMode: number;
  limits: NameLimits;
}

/** Tries names, since nothing tells what the disk of a folder can hold. */
async function probeNames(path: string): Promise<NameLimits> {
  if (Deno.build.os === "windows") return { portable: true, foldsCase: true };
  const probe = `probe-${crypto.randomUUID()}`;
  await Deno.mkdir(join(path, probe));
  const foldsCase = await exists(join(path, probe.toUpperCase()));
  await Deno.remove(join(path, probe));
  const colon = join(path, `${probe}:`);
  const holdsColon = await Deno.mkdir(colon).then(() => true, () => false);
  if (holdsColon) await Deno.remove(colon);
  return { portable: !holdsColon, foldsCase };
}

/** The folder of a transfer inside the staging folder (SPEC.md §14). */
export function partId(senderKey: Uint8Array, transferId: string): string {
  return createHash("sha256").update(senderKey).update(transferId, "hex").digest("hex").slice(
    0,
    32,
  );
}

/**
 * Removes a part. The journal goes first and for good, where the rest is `unpublished`: an
 * intention to publish whose content is gone would be taken for done.
 */
export async function erasePart(folder: string, { unpublished = true } = {}): Promise<void> {
  const journal = join(folder, "journal");
  await Deno.remove(journal).catch(ignoreMissing);
  if (unpublished) await syncFolder(folder).catch(ignoreMissing);
  await Deno.remove(folder, { recursive: true }).catch(ignoreMissing);
}

/** The names of the parts in which nothing has changed for `keepMs`. */
export async function* oldParts(path: string, keepMs: number): AsyncGenerator<string> {
  const oldest = Date.now() - keepMs;
  for await (const { name } of Deno.readDir(path)) {
    const changed = await lastChange(join(path, name)).catch(ignoreMissing);
    if (changed !== undefined && changed < oldest) yield name;
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

async function probeFolder(path: string): Promise<Deno.FileInfo> {
  const probe = join(path, `probe-${crypto.randomUUID()}`);
  await Deno.mkdir(probe);
  try {
    return await Deno.lstat(probe);
  } finally {
    await Deno.remove(probe);
  }
}

/** The newest time of the folder of a part and of what lies directly in it. */
async function lastChange(part: string): Promise<number> {
  const info = await Deno.lstat(part);
  let newest = info.mtime?.getTime() ?? 0;
  if (!info.isDirectory) return newest;
  for await (const { name } of Deno.readDir(part)) {
    newest = Math.max(newest, (await Deno.lstat(join(part, name))).mtime?.getTime() ?? 0);
  }
  return newest;
}
