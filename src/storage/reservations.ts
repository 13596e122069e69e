import { join } from "node:path";
import type { Offer, RefuseCode } from "../protocol/messages.ts";
import { freeBytes } from "./file_system.ts";
import { STAGING_FOLDER } from "../names/file_name.ts";

/**
 * Bytes that stay free on the disk of the target folder, for the journal and for other programs.
 */
const SPARE_BYTES = 16 * 2 ** 20;

/** Room for one transfer, held until it is disposed of. */
export interface Reservation extends Disposable {
  /**
   * Takes room for `total` bytes of a transfer of unknown size; gives the reason where there is
   * none.
   */
  grow(total: number): NoRoom | undefined;
  /** The bytes are there now: they count against the quota for good. */
  keep(): void;
}

/** The reason for which there is no room. */
export interface NoRoom {
  code: RefuseCode;
  reason: string;
}

/**
 * Keeps transfers that run at once from promising the same room twice, on the disk and within the
 * quota.
 */
export class Reservations {
  #dir: string;
  #quota: number;
  #used: number;
  #reserved = 0;

  private constructor(dir: string, { quota, used }: { quota: number; used: number }) {
    this.#dir = dir;
    this.#quota = quota;
    this.#used = used;
  }

  /**
   * The reservations in the folder `dir`, which may hold `quotaBytes`; without a quota only the
   * disk counts.
   */
  static async open(
    dir: string,
    { quotaBytes }: { quotaBytes?: number | undefined } = {},
  ): Promise<Reservations> {
    const used = quotaBytes === undefined ? 0 : await bytesIn(dir);
    return new Reservations(dir, { quota: quotaBytes ?? Infinity, used });
  }

  /** Bytes that still fit. */
  left(): number {
    const free = (freeBytes(this.#dir) ?? Infinity) - SPARE_BYTES;
    return Math.max(0, Math.min(this.#quota - this.#used, free) - this.#reserved);
  }

  /**
   * Room for what is still to come of `offer` when `offset` bytes are here; an unknown size takes
   * it as it comes.
   */
  reserve({ size }: Pick<Offer, "size">, offset: number): Reservation | NoRoom {
    const total = size ?? 0;
    const needed = Math.max(0, total - offset);
    const overQuota = this.#overQuota(total, total);
    if (overQuota !== undefined) return overQuota;
    const left = this.left();
    if (needed > left) {
      return {
        code: "space",
        reason: `${needed} bytes are still to come, and ${left} are free here`,
      };
    }
    return this.#hold(total);
  }

  #hold(bytes: number): Reservation {
    let held = bytes;
    this.#reserved += held;
    return {
      grow: (total) => {
        const noRoom = this.#overQuota(total, total - held) ?? this.#diskFull();
        if (noRoom !== undefined) return noRoom;
        this.#reserved += total - held;
        held = total;
      },
      keep: () => void (this.#used += held),
      [Symbol.dispose]: () => void (this.#reserved -= held),
    };
  }

  /** The reason where `more` bytes for something of `total` bytes go over the quota. */
  #overQuota(total: number, more: number): NoRoom | undefined {
    const left = Math.max(0, this.#quota - this.#used - this.#reserved);
    if (more <= left) return undefined;
    return {
      code: "quota",
      reason: `it has ${total} bytes, and ${left + total - more} are left of the quota`,
    };
  }

  #diskFull(): NoRoom | undefined {
    if ((freeBytes(this.#dir) ?? Infinity) >= SPARE_BYTES) return undefined;
    return { code: "space", reason: "no space is left here" };
  }
}

async function bytesIn(dir: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
    const path = join(dir, name);
    if (name === STAGING_FOLDER) continue;
    if (isDirectory) bytes += await bytesIn(path);
    else if (isFile) bytes += (await Deno.stat(path)).size;
  }
  return bytes;
}
