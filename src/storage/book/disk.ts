import { freeBytes } from "../file_system.ts";

/** The room on the disk of a folder: what is free, less what stays free and what was promised. */
export class Disk {
  /** Bytes that were promised and are not written yet. */
  toCome = 0;
  readonly #folder: string;
  readonly #spareBytes: number;

  /** The disk of `folder`, on which `spareBytes` stay free for others. */
  constructor(folder: string, { spareBytes }: { spareBytes: number }) {
    this.#folder = folder;
    this.#spareBytes = spareBytes;
  }

  /** Bytes that can still be promised; infinite where the system does not tell. */
  left(): number {
    const free = freeBytes(this.#folder) ?? Infinity;
    return Math.max(0, free - this.#spareBytes - this.toCome);
  }
}
