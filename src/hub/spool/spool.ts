import { join } from "node:path";
import { decodeKey, type KeyText } from "../../secure/static_key.ts";
import { P2pError } from "../../errors.ts";
import { makePrivateFolder } from "../../home/private_file.ts";
import { freeBytes } from "../../storage/file_system.ts";
import type { NoRoom } from "../../storage/reservations.ts";
import { partId } from "../../storage/part/staging_folder.ts";
import type { Outcome, Relay } from "./spool_record.ts";
import { SpooledTransfer } from "./spooled_transfer.ts";

/** Bytes that stay free on the hub's disk. */
const SPARE_BYTES = 64 * 2 ** 20;

/** Transfers of one sender that may wait at once: each costs a folder, whatever its size. */
const MAX_WAITING = 10_000;

const SWEEP_EVERY_MS = 60_000;

/** What a hub keeps for people, and how much of it. */
export interface SpoolOptions {
  /** How long a transfer waits for its receivers. */
  keepMs: number;
  /** Most bytes that wait from one sender, and for one receiver. */
  quotaBytes: number;
  /** Is told what became of a receiver, once that is on disk. */
  onOutcome?: (transfer: SpooledTransfer, outcome: Outcome) => void;
  /** Is told what could not be swept; the spool goes on. */
  onError?: (error: Error) => void;
}

/** The transfers that pass through the hub, on its disk until everybody has them (SPEC.md §18). */
export class Spool {
  readonly keepMs: number;
  readonly #folder: string;
  readonly #options: SpoolOptions;
  readonly #lock: Deno.FsFile;
  /** By folder name, in the order in which they came. */
  readonly #transfers: Map<string, SpooledTransfer>;
  readonly #sweeper: ReturnType<typeof setInterval>;
  #sweeping: Promise<void>;
  #lastCreated: number;

  /**
   * The spool in `home`, with what an earlier run left in it. "local" where another hub uses it.
   */
  static async open(home: string, options: SpoolOptions): Promise<Spool> {
    const folder = join(home, "spool");
    await makePrivateFolder(folder);
    const lock = await lockSpool(home);
    const found: [string, SpooledTransfer][] = [];
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      const transfer = isDirectory ? await SpooledTransfer.recover(path) : undefined;
      if (transfer === undefined) await Deno.remove(path, { recursive: true });
      else found.push([name, transfer]);
    }
    found.sort(([, a], [, b]) => a.relay.created - b.relay.created);
    return new Spool(folder, { options, lock, transfers: new Map(found) });
  }

  private constructor(
    folder: string,
    { options, lock, transfers }: {
      options: SpoolOptions;
      lock: Deno.FsFile;
      transfers: Map<string, SpooledTransfer>;
    },
  ) {
    this.keepMs = options.keepMs;
    this.#folder = folder;
    this.#options = options;
    this.#lock = lock;
    this.#transfers = transfers;
    this.#lastCreated = [...transfers.values()].at(-1)?.relay.created ?? 0;
    this.#sweeping = this.#sweepQuietly();
    this.#sweeper = setInterval(() => this.#sweeping = this.#sweepQuietly(), SWEEP_EVERY_MS);
    Deno.unrefTimer(this.#sweeper as unknown as number);
  }

  /** The transfer of that sender and id; undefined where there is none. */
  find(senderKey: KeyText, transfer: string): SpooledTransfer | undefined {
    return this.#transfers.get(idOf(senderKey, transfer));
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
    const transfer = new SpooledTransfer(join(this.#folder, id), { ...relay, created, until });
    const noRoom = this.noRoom(transfer, relay.size ?? 0);
    if (noRoom !== undefined) return noRoom;
    transfer.expect();
    this.#transfers.set(id, transfer);
    try {
      await transfer.create();
      return transfer;
    } catch (error) {
      this.#transfers.delete(id);
      throw error;
    }
  }

  /** What waits for somebody, the oldest first. */
  waitingFor(person: { name: string; key: KeyText }): SpooledTransfer[] {
    return this.#all((transfer) =>
      !transfer.outcomes.has(person.name) && transfer.envelopeFor(person) !== undefined
    );
  }

  /** How many transfers wait, by receiver's name. */
  countWaiting(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { relay, outcomes } of this.#all(({ concluded }) => !concluded)) {
      for (const { name } of relay.recipients) {
        if (!outcomes.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** All that `senderKey` has sent, the oldest first. */
  sentBy(senderKey: KeyText): SpooledTransfer[] {
    return this.#all(({ relay }) => relay.from.key === senderKey);
  }

  /** Why `more` bytes of `transfer` do not fit; undefined where they do. */
  noRoom({ relay, outcomes }: SpooledTransfer, more: number): NoRoom | undefined {
    const { quotaBytes } = this.#options;
    const reason = this.#tooMany(relay.from.key) ??
      (quotaBytes === Infinity ? undefined : this.#overQuota({ relay, outcomes }, more));
    if (reason !== undefined) return { code: "quota", reason };
    const free = this.#free();
    if (more <= free) return undefined;
    return { code: "space", reason: `${more} bytes are to come, and ${free} are free at the hub` };
  }

  /**
   * Ends a transfer whose sender will not go on with it: everybody who does not have it yet gets
   * `code`.
   */
  async giveUp(transfer: SpooledTransfer, code: Outcome["code"]): Promise<void> {
    for (const { name } of transfer.relay.recipients) {
      if (!transfer.outcomes.has(name)) {
        await this.conclude(transfer, { to: name, code, sealed: null });
      }
    }
  }

  /** Notes what became of a receiver, for good. */
  async conclude(transfer: SpooledTransfer, outcome: Outcome): Promise<void> {
    await transfer.conclude(outcome);
    this.#options.onOutcome?.(transfer, outcome);
  }

  /** Ends what has waited too long, and forgets what is older than that altogether. */
  async sweep(): Promise<void> {
    for (const [id, transfer] of this.#transfers) {
      if (transfer.msLeft > 0) continue;
      for (const { name: to } of transfer.relay.recipients) {
        const state = transfer.stateOf(to);
        if (state !== "waiting" && state !== "interrupted") continue;
        await this.conclude(transfer, { to, code: "expired", sealed: null });
      }
      if (transfer.msLeft + this.keepMs > 0 || !transfer.concluded) continue;
      this.#transfers.delete(id);
      await transfer.remove();
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

  #tooMany(senderKey: KeyText): string | undefined {
    const waiting = this.sentBy(senderKey).filter(({ concluded }) => !concluded).length;
    if (waiting < MAX_WAITING) return undefined;
    return `${MAX_WAITING} transfers of one sender wait already`;
  }

  /** One look at everything that waits: a transfer may be for a thousand. */
  #overQuota(
    { relay, outcomes }: Pick<SpooledTransfer, "relay" | "outcomes">,
    more: number,
  ): string | undefined {
    const names = relay.recipients.map(({ name }) => name).filter((name) => !outcomes.has(name));
    const waiting = new Map(names.map((name) => [name, 0]));
    let fromSender = 0;
    for (const one of this.#transfers.values()) {
      if (one.concluded) continue;
      if (one.relay.from.key === relay.from.key) fromSender += one.bytes;
      for (const { name } of one.relay.recipients) {
        const sum = one.outcomes.has(name) ? undefined : waiting.get(name);
        if (sum !== undefined) waiting.set(name, sum + one.bytes);
      }
    }
    const left = (used: number) => Math.max(0, this.#options.quotaBytes - used);
    if (more > left(fromSender)) {
      return `it has ${more} bytes, and ${
        left(fromSender)
      } are left of what one sender may have waiting`;
    }
    const [name, used] = [...waiting].find(([, used]) => more > left(used)) ?? ["", 0];
    if (name === "") return undefined;
    return `it has ${more} bytes, and ${left(used)} are left of what may wait for "${name}"`;
  }

  /** Bytes on the disk that nobody has been promised. */
  #free(): number {
    const promised = [...this.#transfers.values()].reduce((sum, one) => sum + one.bytesToCome, 0);
    return Math.max(0, (freeBytes(this.#folder) ?? Infinity) - SPARE_BYTES - promised);
  }
}

function idOf(senderKey: KeyText, transfer: string): string {
  return partId(decodeKey(senderKey), transfer);
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
