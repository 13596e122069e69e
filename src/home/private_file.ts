import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { writeAll } from "../storage/file_system.ts";
import { systemWords } from "../system_error.ts";

/** Makes `dir` for this user alone (0700) where it is missing. "local" where it cannot be made. */
export async function makePrivateFolder(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new P2pError("local", `cannot make the folder "${dir}": ${systemWords(error)}`, {
      hint: "choose another one with --home DIR or P2P_HOME",
      cause: error,
    });
  }
}

/**
 * The text of a file that only its owner may read; undefined where there is none. "local" for open
 * modes.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const { mode } = await Deno.stat(path);
    if (mode !== null && Deno.build.os !== "windows" && (mode & 0o077) !== 0) {
      throw new P2pError(
        "local",
        `cannot use "${path}": others may read it (mode ${(mode & 0o777).toString(8)})`,
        {
          hint: `run \`chmod 600 "${path}"\``,
        },
      );
    }
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof P2pError) throw error;
    throw new P2pError("local", `cannot read "${path}": ${systemWords(error)}`, {
      cause: error,
    });
  }
}

/**
 * Writes a new file (0600) whole or not at all; false, and nothing done, where there is one of that
 * name already.
 */
export async function createPrivateFile(dir: string, name: string, text: string): Promise<boolean> {
  const temporary = await writeTemporary(dir, text);
  try {
    await Deno.link(temporary, join(dir, name));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  } finally {
    await Deno.remove(temporary);
  }
}

/** Replaces a file (0600) whole or not at all. */
export async function replacePrivateFile(dir: string, name: string, text: string): Promise<void> {
  await Deno.rename(await writeTemporary(dir, text), join(dir, name));
}

/** The file that is locked while a program changes what several may change at once. */
const LOCK = "home.lock";

/**
 * Runs `work` while no other program, and nothing else of this one, changes what several may change
 * at once in `dir`.
 */
export async function whileLocked<T>(dir: string, work: () => Promise<T>): Promise<T> {
  await makePrivateFolder(dir);
  using lock = await Deno.open(join(dir, LOCK), { create: true, write: true, mode: 0o600 });
  await lock.lock(true);
  return await work();
}

/** Adds lines to a file (0600), by one write. */
export async function appendPrivateLines(path: string, lines: readonly object[]): Promise<void> {
  const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
  if (text !== "") await Deno.writeTextFile(path, text, { append: true, mode: 0o600 });
}

async function writeTemporary(dir: string, text: string): Promise<string> {
  const path = join(dir, `.${crypto.randomUUID()}.new`);
  using file = await Deno.open(path, { createNew: true, write: true, mode: 0o600 });
  await writeAll(file, new TextEncoder().encode(text));
  await file.syncData();
  return path;
}
