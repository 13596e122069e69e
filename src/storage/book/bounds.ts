import type { RefuseCode } from "../../protocol/messages.ts";
import { formatBytes, formatCount, formatSizes } from "../../units.ts";
import { FILE_BYTES, type Kept, type Price } from "./price.ts";
import type { Scope, Sum } from "./sum.ts";

/** A bound that is reached: which one, its value and what is left of it. */
export interface NoRoom {
  readonly code: RefuseCode;
  readonly reason: string;
}

/** Bytes that may be kept; without a bound where one is missing. */
export interface BoundsOptions {
  /** For one key, and waiting for one recipient. */
  readonly quotaBytes?: number | undefined;
  /** For all together, with what files take beside their content. */
  readonly diskBytes?: number | undefined;
}

/** The price of something as it is, and as it is to be. */
export interface Change {
  readonly kind: Kept;
  readonly before: Price;
  readonly after: Price;
}

/** The most things of a kind, whatever their bytes: each of them takes memory (SPEC.md §12). */
const MOST_ITEMS: Record<Kept, Partial<Record<Scope, number>>> = {
  envelopes: { key: 100_000, all: 500_000 },
  content: { key: 10_000 },
  part: { key: 10_000 },
  published: {},
  name: { key: 16, all: 100_000 },
  nameplate: { key: 16, network: 16, all: 1_000 },
};

const ITEM_WORDS: Record<Kept, string> = {
  envelopes: "envelopes",
  content: "transfers",
  part: "unfinished transfers",
  published: "files",
  name: "names",
  nameplate: "codes",
};

const WHOSE: Record<Scope, string> = {
  key: "one sender",
  network: "one network",
  recipient: "one recipient",
  all: "all",
};

/** Files and folders of one key that fit the smallest quota. */
const FEWEST_FILES = 64;

/** The bounds of what is kept. */
export class Bounds {
  readonly #quota: number;
  #disk: number;

  constructor({ quotaBytes = Infinity, diskBytes = Infinity }: BoundsOptions) {
    this.#quota = quotaBytes;
    this.#disk = diskBytes;
  }

  /** Sets the most bytes for all together. */
  limitDisk(bytes: number): void {
    this.#disk = bytes;
  }

  /** The bound that a change goes over; undefined where there is room. */
  noRoom(sum: Sum, change: Change): NoRoom | undefined {
    return this.#tooManyItems(sum, change) ?? this.#tooManyFiles(sum, change) ??
      this.#tooManyBytes(sum, change);
  }

  /** Bytes that are left of a sum. */
  left(sum: Sum): number {
    const used = isOnDisk(sum) ? sum.onDisk : sum.bytes;
    return Math.max(0, Math.floor(this.#most(sum) - used));
  }

  #most({ scope }: Sum): number {
    if (scope === "all") return this.#disk;
    if (scope !== "network") return this.#quota;
    // Who lets one key have everything has not asked for shares.
    return this.#quota === Infinity ? Infinity : Math.max(this.#quota, this.#disk / 2);
  }

  #tooManyItems(sum: Sum, { kind, before, after }: Change): NoRoom | undefined {
    const most = MOST_ITEMS[kind][sum.scope] ?? Infinity;
    const others = sum.items(kind) - before.items;
    if (after.items <= before.items || others + after.items <= most) return undefined;
    const left = Math.max(0, most - others);
    const what = `${formatCount(most)} ${ITEM_WORDS[kind]} of ${WHOSE[sum.scope]}`;
    return { code: "quota", reason: `no room: at most ${what} are kept, ${left} more can be` };
  }

  /** The files of one key: as many as would fill its quota with nothing in them. */
  #tooManyFiles(sum: Sum, { before, after }: Change): NoRoom | undefined {
    if (sum.scope !== "key" || after.files <= before.files) return undefined;
    const most = Math.max(FEWEST_FILES, Math.floor(this.#quota / FILE_BYTES));
    const left = Math.max(0, most - sum.files + before.files);
    if (after.files <= left) return undefined;
    const reason = `no room: ${formatCount(after.files)} files and folders needed, ` +
      `the quota has ${left} left (${formatCount(most)} in ${formatBytes(this.#quota)})`;
    return { code: "quota", reason };
  }

  #tooManyBytes(sum: Sum, { before, after }: Change): NoRoom | undefined {
    const beside = isOnDisk(sum) ? FILE_BYTES * (after.files - before.files) : 0;
    const more = after.bytes - before.bytes + beside;
    const left = this.left(sum);
    if (more <= 0 || more <= left) return undefined;
    const forContent = Math.max(0, left - beside + before.bytes);
    const [needed, free] = formatSizes(after.bytes, forContent);
    return {
      code: sum.scope === "all" ? "space" : "quota",
      reason: `no room: ${needed} needed, ${inWords(sum)} has ${free} left ` +
        `(of ${formatBytes(this.#most(sum))})`,
    };
  }
}

/** True where what files take beside their content counts too. */
function isOnDisk({ scope }: Sum): boolean {
  return scope === "all" || scope === "network";
}

function inWords({ scope, of }: Sum): string {
  if (scope === "key") return "the quota";
  if (scope === "recipient") return `the mailbox of "${of}"`;
  return scope === "network" ? "the share of one network" : "the hub";
}
