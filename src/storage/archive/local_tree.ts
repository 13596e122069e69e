import { join } from "node:path";
import { type NameLimits, SiblingNames } from "../../names/portable_name.ts";
import type { ArchiveEntry } from "./archive.ts";

/** Most changed names that are told one by one. */
const MAX_TOLD = 100;

/** An entry whose name this system or disk cannot hold: its path as it was sent, and as it is here. */
export interface RenamedEntry {
  readonly name: string;
  readonly savedAs: string;
}

/**
 * The places of a folder's entries in staging: their names as this system and its disk can hold
 * them, the same for the same entries in every run (SPEC.md §13).
 */
export class LocalTree {
  readonly #limits: NameLimits;
  /** The folders that are open, from the top; with the names in them where some may change. */
  readonly #open: { path: string; shown: string; siblings: SiblingNames | undefined }[];
  readonly #renamed: RenamedEntry[] = [];
  #renamedCount = 0;

  constructor(root: string, limits: NameLimits) {
    this.#limits = limits;
    this.#open = [{ path: root, shown: "", siblings: this.#newSiblings() }];
  }

  /** The first changed names, and how many there are. */
  get renamed(): { entries: readonly RenamedEntry[]; count: number } {
    return { entries: this.#renamed, count: this.#renamedCount };
  }

  /** Takes the next entry, in the order of the archive, and gives its path here. */
  enter({ path, folder }: Pick<ArchiveEntry, "path" | "folder">): string {
    this.#open.splice(path.length);
    const parent = this.#open[path.length - 1]!;
    const name = path.at(-1)!;
    const local = parent.siblings?.take(name) ?? name;
    const here = join(parent.path, local);
    if (parent.siblings === undefined) {
      if (folder) this.#open.push({ path: here, shown: "", siblings: undefined });
      return here;
    }
    const shown = parent.shown === "" ? local : `${parent.shown}/${local}`;
    if (local !== name) this.#note({ name: path.join("/"), savedAs: shown });
    if (folder) this.#open.push({ path: here, shown, siblings: this.#newSiblings() });
    return here;
  }

  /** True where an entry that was taken has that name in the open folder at `depth`; undefined where names are kept. */
  has(depth: number, name: string): boolean | undefined {
    return this.#open[depth]?.siblings?.has(name);
  }

  #newSiblings(): SiblingNames | undefined {
    const { portable, foldsCase } = this.#limits;
    return portable || foldsCase ? new SiblingNames(this.#limits) : undefined;
  }

  #note(entry: RenamedEntry): void {
    this.#renamedCount++;
    if (this.#renamed.length < MAX_TOLD) this.#renamed.push(entry);
  }
}
