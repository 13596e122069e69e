import { Bounds, type BoundsOptions, type NoRoom } from "./bounds.ts";
import type { Disk } from "./disk.ts";
import { Entry } from "./entry.ts";
import type { Kept, Price } from "./price.ts";
import { type Scope, Sum } from "./sum.ts";

/** For whom something is kept. */
export interface Account {
  /** The key that brought it. */
  readonly key?: string | undefined;
  /** The network that this key came from. */
  readonly network?: string | undefined;
  /** Names of those for whom it waits. */
  readonly recipients?: readonly string[] | undefined;
}

/** The price of something, and where it is written to. */
export interface Item {
  readonly price: Price;
  /** Bytes that are still to be written. */
  readonly toCome?: number;
  /** Undefined for what is held in memory. */
  readonly disk?: Disk | undefined;
}

/** Gives back what is not needed any more; false where that is nothing. */
export type Reclaim = (account: Account) => Promise<boolean>;

/**
 * Everything that peers make this side keep, booked before it is kept and until it goes: by key, by
 * network, by recipient and in all. Nothing is promised twice, however many ask at once.
 */
export class Book {
  readonly #bounds: Bounds;
  readonly #all = new Sum("all");
  readonly #sums = new Map<string, Sum>();
  readonly #reclaims: Reclaim[] = [];

  constructor(bounds: BoundsOptions = {}) {
    this.#bounds = new Bounds(bounds);
  }

  /** Sets the most bytes for all together, with what is there already. */
  limitDisk(bytes: number): void {
    this.#bounds.limitDisk(bytes);
  }

  /** Everything that is kept. */
  get all(): Readonly<Pick<Sum, "bytes" | "files" | "onDisk">> {
    return this.#all;
  }

  /** Books what is to be kept, or says why there is no room. */
  book(kind: Kept, account: Account, { price, toCome, disk }: Item): Entry | NoRoom {
    const entry = this.#entry(kind, account, disk);
    const noRoom = entry.change(price, toCome);
    if (noRoom === undefined) return entry;
    entry[Symbol.dispose]();
    return noRoom;
  }

  /** Books what is there already, whatever the bounds are. */
  restore(kind: Kept, account: Account, { price, disk }: Item): Entry {
    const entry = this.#entry(kind, account, disk);
    entry.set(price);
    return entry;
  }

  /** Adds a way to make room where there is none. */
  onFull(reclaim: Reclaim): void {
    this.#reclaims.push(reclaim);
  }

  /** Tries, and once more where there was no room and something could be given back. */
  async withRoom<T extends object | undefined>(
    account: Account,
    attempt: () => T | NoRoom,
  ): Promise<T | NoRoom> {
    const first = attempt();
    if (!isNoRoom(first)) return first;
    let hasMore = false;
    for (const reclaim of this.#reclaims) hasMore = await reclaim(account) || hasMore;
    return hasMore ? attempt() : first;
  }

  /** Things of a kind that wait for a recipient. */
  countFor(kind: Kept, recipient: string): number {
    return this.#sums.get(id("recipient", recipient))?.items(kind) ?? 0;
  }

  /** Bytes that are left for an account. */
  left({ key, network }: Account): number {
    const sums = [this.#sums.get(id("key", key)), this.#sums.get(id("network", network))];
    const all = [sums[0] ?? new Sum("key"), sums[1] ?? new Sum("network"), this.#all];
    return Math.min(...all.map((sum) => this.#bounds.left(sum)));
  }

  #entry(kind: Kept, { key, network, recipients = [] }: Account, disk: Disk | undefined): Entry {
    const sums = recipients.map((name) => this.#sum("recipient", name));
    if (network !== undefined) sums.unshift(this.#sum("network", network));
    if (key !== undefined) sums.unshift(this.#sum("key", key));
    sums.push(this.#all);
    const onLeave = ({ scope, of, entries }: Sum) => {
      if (entries === 0) this.#sums.delete(id(scope, of));
    };
    return new Entry({ kind, sums, bounds: this.#bounds, disk, onLeave });
  }

  #sum(scope: Scope, of: string): Sum {
    const known = this.#sums.get(id(scope, of));
    if (known !== undefined) return known;
    const sum = new Sum(scope, of);
    this.#sums.set(id(scope, of), sum);
    return sum;
  }
}

/** True for the reason that there is no room, and for nothing else. */
export function isNoRoom(value: object | undefined): value is NoRoom {
  return value !== undefined && "code" in value && "reason" in value;
}

function id(scope: Scope, of: string | undefined): string {
  return `${scope} ${of}`;
}
