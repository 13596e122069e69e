import { join } from "node:path";
import { numberedName } from "../../names/numbered_name.ts";

/** Most names that are tried for one transfer. */
export const MAX_NAMES_TRIED = 100_000;

/**
 * Names that are known: the one a crashed run may have taken, and those that others are about to
 * take.
 */
export interface FreeNamesOptions {
  readonly top: string;
  readonly claimed: string | undefined;
  readonly names: ReadonlySet<string>;
}

/**
 * `top`, then `top (1)` and so on, without those that look taken right now: a guess that saves
 * writing them down. Whether a name is free the operating system says when it is given.
 */
export function* freeNames(
  folder: string,
  { top, claimed, names }: FreeNamesOptions,
): Generator<string> {
  for (let n = 0; n < MAX_NAMES_TRIED; n++) {
    const name = n === 0 ? top : numberedName(top, n);
    if (names.has(name)) continue;
    if (name === claimed || !isTaken(join(folder, name))) yield name;
  }
}

function isTaken(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
