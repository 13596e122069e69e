import { join } from "node:path";
import { P2pError } from "../../errors.ts";
import { decodeKey, type KeyText } from "../../secure/static_key.ts";
import { makePrivateFolder } from "../../home/private_file.ts";
import { freeBytes } from "../../storage/file_system.ts";
import type { NoRoom } from "../../storage/reservations.ts";
import { partId } from "../../storage/part/staging_folder.ts";
import { trace } from "../../trace.ts";
import type { Outcome, Relay } from "./spool_record.ts";
import { SpoolTotals } from "./spool_totals.ts";
import { SpooledTransfer } from "./spooled_transfer.ts";

/** Bytes that stay free on the hub's disk. */
const SPARE_BYTES = 64 * 2 ** 20;

/** Transfers of one sender that may wait at once: each costs a folder, whatever its size. */
const MAX_WAITING = 10_000;

const SWEEP_EVERY_MS = 60_000;

/** Options of {@link Spool.open}. */
export interface SpoolOptions {
  /** Time that a transfer waits for its recipients. */
  keepMs: number;
  /** Most bytes that wait from one sender, and for one recipient. */
  quotaBytes: number;
  /** Called with each outcome, once that is on disk. */
  onOutcome?: (transfer: SpooledTransfer, outcome: Outcome) => void;
  /** Called with the error of a sweep; the spool goes on. */
  onError?: (error: Error) => void;
}

/**
 * The transfers that pass through the hub, on its disk until all recipients have them (SPEC.md
 * §18).
 */
export class Spool {
  readonly keepMs: number;
  readonly #folder: string;
  readonly #options: SpoolOptions;
  readonly #lock: Deno.FsFile;
  /** By folder name, in the order in which they came. */
  readonly #transfers: Map<string, SpooledTransfer>;
  readonly #totals: SpoolTotals;
  readonly #sweeper: ReturnType<typeof setInterval>;
  #sweeping: Promise<void>;
  #lastCreated: number;

  /**
   * The spool in `home`, with what an earlier process left in it. "local" where another hub uses
   * it.
   */
  static async open(home: string, options: SpoolOptions): Promise<Spool> {
    const folder = join(home, "spool");
    await makePrivateFolder(folder);
    const lock = await lockSpool(home);
    const found: [string, SpooledTransfer][] = [];
    const totals = new SpoolTotals();
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      const transfer = isDirectory
        ? await SpooledTransfer.recover(path, (one) => totals.update(one))
        : undefined;
      if (transfer === undefined) await Deno.remove(path, { recursive: true });
      else found.push([name, transfer]);
    }
    found.sort(([, a], [, b]) => a.relay.created - b.relay.created);
    for (const [, transfer] of found) totals.add(transfer);
    return new Spool(folder, { options, lock, totals, transfers: new Map(found) });
  }

  private constructor(
    folder: string,
    { options, lock, totals, transfers }: {
      options: SpoolOptions;
      lock: Deno.FsFile;
      totals: SpoolTotals;
      transfers: Map<string, SpooledTransfer>;
    },
  ) {
    this.keepMs = options.keepMs;
    this.#folder = folder;
    this.#options = options;
    this.#lock = lock;
    this.#totals = totals;
    this.#transfers = transfers;
    this.#lastCreated = [...transfers.values()].at(-1)?.relay.created ?? 0;
    this.#sweeping = this.#sweepQuietly();
    this.#sweeper = setInterval(() => this.#sweeping = this.#sweepQuietly(), SWEEP_EVERY_MS);
    Deno.unrefTimer(this.#sweeper as unknown as number);
  }

  /** The transfer of that sender and id; undefined where there is none. */
  find(senderKey: KeyText, transferId: string): SpooledTransfer | undefined {
    return this.#transfers.get(idOf(senderKey, transferId));
  }

  /**
   * Takes a new transfer in, or says why there is no room; two at once are never promised the same
   * room.
   */
  async admit(relay: Omit<Relay, "created" | "until">): Promise<SpooledTransfer | NoRoom> {
    // Later than all others, so that the order outlives a restart.
    const now = Date.now();
    const created = this.#lastCreated = Math.max(now, this.#lastCreated + 1);
    const id = idOf(relay.from.key, relay.transfer);
    const until = now + this.keepMs;
    const transfer = new SpooledTransfer(
      join(this.#folder, id),
      { ...relay, created, until },
      (one) => this.#totals.update(one),
    );
    const noRoom = this.noRoom(transfer, relay.size ?? 0);
    if (noRoom !== undefined) return noRoom;
    transfer.upload.expect();
    this.#add(id, transfer);
    try {
      await transfer.create();
      return transfer;
    } catch (error) {
      this.#forget(id, transfer);
      throw error;
    }
  }

  /** Everything that waits for a person, the oldest first. */
  waitingFor(person: { name: string; key: KeyText }): SpooledTransfer[] {
    return this.#all((transfer) =>
      !transfer.outcomes.has(person.name) && transfer.envelopeFor(person) !== undefined
    );
  }

  /** The number of transfers that wait for a recipient. */
  countWaiting(name: string): number {
    return this.#totals.ofRecipient(name).transfers;
  }

  /** Everything that `senderKey` has sent, the oldest first. */
  sentBy(senderKey: KeyText): SpooledTransfer[] {
    return this.#all(({ relay }) => relay.from.key === senderKey);
  }

  /** The reason for which `more` bytes of `transfer` do not fit; undefined where they do. */
  noRoom(transfer: SpooledTransfer, more: number): NoRoom | undefined {
    const reason = this.#tooMany(transfer) ?? this.#overQuota(transfer, more);
    if (reason !== undefined) return { code: "quota", reason };
    const free = this.#free();
    if (more <= free) return undefined;
    return { code: "space", reason: `${more} bytes are to come, and ${free} are free at the hub` };
  }

  /**
   * Ends a transfer whose sender will not go on with it: each recipient without an outcome gets
   * `code`.
   */
  async giveUp(transfer: SpooledTransfer, code: Outcome["code"]): Promise<void> {
    for (const to of transfer.waiting) {
      if (transfer.outcomes.has(to)) continue;
      await this.conclude(transfer, { to, code, sealed: null });
    }
  }

  /** Notes what became of a recipient, for good. */
  async conclude(transfer: SpooledTransfer, outcome: Outcome): Promise<void> {
    await transfer.conclude(outcome);
    this.#options.onOutcome?.(transfer, outcome);
  }

  /** Ends what has waited too long, and forgets what is older than that altogether. */
  async sweep(): Promise<void> {
    const before = this.#transfers.size;
    for (const [id, transfer] of this.#transfers) {
      if (transfer.msLeft > 0) continue;
      for (const { name: to } of transfer.relay.recipients) {
        const state = transfer.stateOf(to);
        if (state !== "waiting" && state !== "interrupted") continue;
        await this.conclude(transfer, { to, code: "expired", sealed: null });
      }
      if (transfer.msLeft + this.keepMs > 0 || !transfer.isConcluded) continue;
      this.#forget(id, transfer);
      await transfer.remove();
    }
    if (trace.relay.hasSubscribers) {
      const { size } = this.#transfers;
      trace.relay.publish({ what: "sweep", transfers: size, forgotten: before - size });
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#sweeping;
    for (const transfer of this.#transfers.values()) await transfer.close();
    this.#lock.close();
  }

  async #sweepQuietly(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#options.onError?.(error as Error);
    }
  }

  #all(matches: (transfer: SpooledTransfer) => boolean): SpooledTransfer[] {
    return [...this.#transfers.values()].filter(matches);
  }

  #add(id: string, transfer: SpooledTransfer) {
    this.#transfers.set(id, transfer);
    this.#totals.add(transfer);
  }

  #forget(id: string, transfer: SpooledTransfer) {
    this.#transfers.delete(id);
    this.#totals.remove(transfer);
  }

  #tooMany({ relay }: SpooledTransfer): string | undefined {
    if (this.#totals.ofSender(relay.from.key).transfers < MAX_WAITING) return undefined;
    return `${MAX_WAITING} transfers of one sender wait already`;
  }

  #overQuota({ relay, waiting }: SpooledTransfer, more: number): string | undefined {
    const left = ({ bytes }: { bytes: number }) => Math.max(0, this.#options.quotaBytes - bytes);
    const ofSender = left(this.#totals.ofSender(relay.from.key));
    if (more > ofSender) {
      return `it has ${more} bytes, and ${ofSender} are left of what one sender may have waiting`;
    }
    for (const name of waiting) {
      const ofRecipient = left(this.#totals.ofRecipient(name));
      if (more <= ofRecipient) continue;
      return `it has ${more} bytes, and ${ofRecipient} are left of what may wait for "${name}"`;
    }
  }

  /** Bytes on the disk that were promised to no transfer. */
  #free(): number {
    const free = (freeBytes(this.#folder) ?? Infinity) - SPARE_BYTES;
    return Math.max(0, free - this.#totals.bytesToCome);
  }
}

function idOf(senderKey: KeyText, transferId: string): string {
  return partId(decodeKey(senderKey), transferId);
}

/** Runtimes before 2.7 can only wait for a lock. */
type Lockable = Deno.FsFile & { tryLock?: (exclusive: boolean) => Promise<boolean> };

/**
 * Two hubs in one home would deliver everything twice. The lock is gone with the process, however
 * that ends.
 */
async function lockSpool(home: string): Promise<Deno.FsFile> {
  const file: Lockable = await Deno.open(join(home, "spool.lock"), {
    create: true,
    write: true,
    mode: 0o600,
  });
  if (await file.tryLock?.(true) ?? true) return file;
  file.close();
  throw new P2pError("local", `cannot serve from "${home}": another hub does`, {
    hint: "end that one, or choose another folder with --home DIR",
  });
}
