import { MAX_NAME_BYTES } from "./file_name.ts";
import { foldedName } from "./folded_name.ts";
import { numberedName } from "./numbered_name.ts";

/** What names a system and its disk cannot hold. */
export interface NameLimits {
  /** Nothing that Windows and its file systems refuse: `: ? * | " < >`, devices, some endings. */
  readonly portable: boolean;
  /** Names that differ by case alone are one. */
  readonly foldsCase: boolean;
}

/** Those of a system that holds every name of SPEC.md §13. */
export const NO_LIMITS: NameLimits = { portable: false, foldsCase: false };

/** Those of all systems together. */
export const ALL_LIMITS: NameLimits = { portable: true, foldsCase: true };

/**
 * The name as every system can hold it: `10_30.png` for `10:30.png`, `_con.txt` for `con.txt`,
 * `a_` for `a.`; the same where it is so already (SPEC.md §13).
 */
export function portableName(name: string): string {
  const plain = name.replace(/[<>:"|?*]/g, "_").replace(/[. ]$/, "_");
  if (!isDeviceName(plain)) return plain;
  const longer = `_${plain}`;
  // Where there is no room in front, the first letter makes it.
  return new TextEncoder().encode(longer).length > MAX_NAME_BYTES ? `_${plain.slice(1)}` : longer;
}

/** The name as it can be here. */
export function localName(name: string, { portable }: NameLimits): string {
  return portable ? portableName(name) : name;
}

/** The names of one folder, each as it can be here, and no two of them the same. */
export class SiblingNames {
  readonly #limits: NameLimits;
  readonly #taken = new Set<string>();
  /** By name, the number to try next: many that become one are numbered one after the other. */
  readonly #next = new Map<string, number>();

  constructor(limits: NameLimits) {
    this.#limits = limits;
  }

  /** Takes a name and gives it as it is here: changed where it has to be, and with a number. */
  take(name: string): string {
    const local = localName(name, this.#limits);
    for (let n = this.#next.get(this.#key(local)) ?? 0;; n++) {
      const candidate = n === 0 ? local : numberedName(local, n);
      const key = this.#key(candidate);
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      this.#next.set(this.#key(local), n + 1);
      return candidate;
    }
  }

  /** True where a name, as it is here, is taken. */
  has(name: string): boolean {
    return this.#taken.has(this.#key(name));
  }

  #key(name: string): string {
    return this.#limits.foldsCase ? foldedName(name) : name;
  }
}

/**
 * Windows takes the part before the first dot for the device, whatever follows; `¹²³` count as
 * digits.
 */
function isDeviceName(name: string): boolean {
  const stem = name.split(".", 1)[0]!.trimEnd().toUpperCase();
  return /^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])$/.test(stem);
}
