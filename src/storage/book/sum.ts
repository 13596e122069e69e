import { FILE_BYTES, type Kept, type Price } from "./price.ts";

/** Whose sum it is: of one key, one network, what waits for one recipient, or of all. */
export type Scope = "key" | "network" | "recipient" | "all";

/** A sum over everything that is kept for one of {@link Scope}. */
export class Sum {
  readonly scope: Scope;
  /** The key, the network, or the name of the recipient. */
  readonly of: string;
  /** Entries that are part of it. */
  entries = 0;
  bytes = 0;
  files = 0;
  readonly #items: Partial<Record<Kept, number>> = {};

  constructor(scope: Scope, of = "") {
    this.scope = scope;
    this.of = of;
  }

  /** Bytes with those that its files and folders take beside their content. */
  get onDisk(): number {
    return this.bytes + this.files * FILE_BYTES;
  }

  /** Things of one kind. */
  items(kind: Kept): number {
    return this.#items[kind] ?? 0;
  }

  /** Takes `after` in the place of `before`. */
  change(kind: Kept, before: Price, after: Price): void {
    this.bytes += after.bytes - before.bytes;
    this.files += after.files - before.files;
    this.#items[kind] = this.items(kind) + after.items - before.items;
  }
}
