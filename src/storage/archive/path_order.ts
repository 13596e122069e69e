import { P2pError } from "../../errors.ts";

/** Most names that {@link PathOrder} keeps at once: those of all folders that are open. */
export const MAX_OPEN_NAMES = 262_144;

/**
 * Watches the order of a folder's entries: depth first, a folder before what it holds, no name
 * twice among siblings (SPEC.md §10, §13). It keeps the names of open folders only, so memory does not
 * grow with the tree.
 */
export class PathOrder {
  readonly #open: OpenFolder[] = [{ name: "", names: new Set() }];
  #openNames = 0;

  /**
   * Takes the next entry's path from `checkedPath`; throws `refused` where the order or a twin
   * forbids it.
   */
  add(path: readonly string[], isFolder: boolean): void {
    const name = path.at(-1);
    if (name === undefined) throw new RangeError("cannot add path: it is empty");
    if (!this.#isOpen(path.slice(0, -1))) {
      throw refusedPath(path, "its folder was not announced, or has been left");
    }
    this.#leaveBelow(path.length);
    this.#claim(path, name);
    if (isFolder) this.#open.push({ name, names: new Set() });
  }

  #isOpen(folder: readonly string[]): boolean {
    return folder.every((name, depth) => this.#open[depth + 1]?.name === name);
  }

  #leaveBelow(depth: number): void {
    for (const folder of this.#open.splice(depth)) this.#openNames -= folder.names.size;
  }

  #claim(path: readonly string[], name: string): void {
    const { names } = this.#open[path.length - 1]!;
    if (names.has(name)) throw refusedPath(path, "another entry has the same name");
    if (this.#openNames >= MAX_OPEN_NAMES) {
      throw refusedPath(path, `more than ${MAX_OPEN_NAMES} names in open folders`);
    }
    names.add(name);
    this.#openNames += 1;
  }
}

interface OpenFolder {
  readonly name: string;
  readonly names: Set<string>;
}

function refusedPath(path: readonly string[], reason: string): P2pError {
  const whole = path.join("/");
  const shown = whole.length > 128 ? `…${whole.slice(-128)}` : whole;
  return new P2pError("refused", `cannot accept "${shown}": ${reason}`);
}
