import { join } from "node:path";
import { P2pError } from "../../errors.ts";
import { decodeKey, type KeyText } from "../../secure/static_key.ts";
import { makePrivateFolder } from "../../home/private_file.ts";
import { type Account, type Book, isNoRoom } from "../../storage/book/book.ts";
import type { NoRoom } from "../../storage/book/bounds.ts";
import { Disk } from "../../storage/book/disk.ts";
import type { Entry } from "../../storage/book/entry.ts";
import { partId } from "../../storage/part/staging_folder.ts";
import { trace } from "../../trace.ts";
import { SpoolDraft } from "./spool_draft.ts";
import type { Outcome, Relay } from "./spool_record.ts";
import { SpooledTransfer } from "./spooled_transfer.ts";
import { ANSWER_BYTES, priceOfContent, priceOfEnvelopes, TransferPrice } from "./transfer_price.ts";

/** Bytes that stay free on the hub's disk. */
const SPARE_BYTES = 64 * 2 ** 20;

/** Transfers of the ledger that are forgotten at once where there is no room for new ones. */
const FORGOTTEN_AT_ONCE = 100;

/** The longest time that a hub keeps what waits, in milliseconds (SPEC.md §17). */
export const MAX_KEEP_MS = 90 * 86_400_000;

/** Options of {@link Spool.open}. */
export interface SpoolOptions {
  /** Time that a transfer waits for its recipients, at most {@link MAX_KEEP_MS}. */
  keepMs: number;
  /** Everything that it keeps is booked there. */
  book: Book;
  /** Called with each outcome, once that is on disk. */
  onOutcome?: (transfer: SpooledTransfer, outcome: Outcome) => void;
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
  readonly #transfers = new Map<string, SpooledTransfer>();
  readonly #prices = new Map<SpooledTransfer, TransferPrice>();
  readonly #disk: Disk;
  readonly #onResize = (one: SpooledTransfer) => this.#prices.get(one)?.update(one);
  #lastCreated = 0;

  /**
   * The spool in `home`, with what an earlier process left in it. "local" where another hub uses
   * it.
   */
  static async open(home: string, options: SpoolOptions): Promise<Spool> {
    const folder = join(home, "spool");
    await makePrivateFolder(folder);
    const lock = await lockSpool(home);
    const spool = new Spool(folder, options, lock);
    await spool.#recover();
    return spool;
  }

  private constructor(folder: string, options: SpoolOptions, lock: Deno.FsFile) {
    this.keepMs = options.keepMs;
    this.#folder = folder;
    this.#options = options;
    this.#lock = lock;
    this.#disk = new Disk(folder, { spareBytes: SPARE_BYTES });
    options.book.onFull((account) => this.#forgetConcluded(account));
  }

  /** The transfer of that sender and id; undefined where there is none. */
  find(senderKey: KeyText, transferId: string): SpooledTransfer | undefined {
    return this.#transfers.get(idOf(senderKey, transferId));
  }

  /** A place for the envelopes of a transfer that begins. */
  draft(account: Account): SpoolDraft {
    const folder = join(this.#folder, `draft-${crypto.randomUUID()}`);
    return new SpoolDraft({ folder, account, book: this.#options.book, disk: this.#disk });
  }

  /**
   * Takes a new transfer in whose envelopes are here, or says why there is no room; two at once are
   * never promised the same room.
   */
  async admit(
    draft: SpoolDraft,
    { transfer: transferId, size, from }: Pick<Relay, "transfer" | "size" | "from">,
  ): Promise<SpooledTransfer | NoRoom> {
    if (draft.noRoom !== undefined) return draft.noRoom;
    const { recipients } = draft;
    if (recipients.length === 0) {
      return { code: "busy", reason: "the hub has forgotten it just now: send it again" };
    }
    const account = { ...draft.account, recipients: recipients.map(({ name }) => name) };
    const content = await this.#bookContent(account, size ?? 0);
    if (isNoRoom(content)) return content;
    // Later than all others, so that the order outlives a restart.
    const now = Date.now();
    const created = this.#lastCreated = Math.max(now, this.#lastCreated + 1);
    const id = idOf(from.key, transferId);
    const transfer = this.#open(id, {
      ...{ transfer: transferId, from, size, recipients },
      ...{ created, until: now + this.keepMs },
    });
    this.#add(id, transfer, new TransferPrice({ envelopes: draft.takeEntry(), content }));
    transfer.upload.expect();
    try {
      await transfer.create(draft);
      return transfer;
    } catch (error) {
      this.#drop(id, transfer);
      throw error;
    }
  }

  /** Everything that waits for a person, the oldest first. */
  waitingFor(person: { name: string; key: KeyText }): SpooledTransfer[] {
    return this.#all((transfer) => !transfer.outcomes.has(person.name) && transfer.isFor(person));
  }

  /** The number of transfers that wait for a recipient. */
  countWaiting(name: string): number {
    return this.#options.book.countFor("content", name);
  }

  /** Everything that `senderKey` has sent, the oldest first. */
  sentBy(senderKey: KeyText): SpooledTransfer[] {
    return this.#all(({ relay }) => relay.from.key === senderKey);
  }

  /** The reason for which a transfer cannot have so many bytes; undefined where it can. */
  noRoom(transfer: SpooledTransfer, bytes: number): NoRoom | undefined {
    const toCome = bytes - transfer.upload.bytes + transfer.upload.bytesToCome;
    return this.#prices.get(transfer)?.content.noRoom(priceOfContent(bytes), toCome);
  }

  /** Forgets a transfer of which nothing has come: its sender begins anew, or does not. */
  async forgetEmpty(transfer: SpooledTransfer): Promise<void> {
    const { upload, outcomes, relay } = transfer;
    const id = idOf(relay.from.key, relay.transfer);
    if (upload.chunks > 0 || upload.isComing || outcomes.size > 0) return;
    if (this.#transfers.get(id) === transfer) await this.#forget(id, transfer);
  }

  /**
   * Ends a transfer whose sender will not go on with it, or takes it back: each recipient without
   * an outcome, or `only` that one, gets `code`. Gives the names of those.
   */
  async giveUp(
    transfer: SpooledTransfer,
    code: Outcome["code"],
    only?: string,
  ): Promise<string[]> {
    const ended: string[] = [];
    for (const to of transfer.waiting) {
      if (transfer.outcomes.has(to) || only !== undefined && only !== to) continue;
      await this.conclude(transfer, { to, code, sealed: null });
      ended.push(to);
    }
    return ended;
  }

  /** Notes what became of a recipient, for good. */
  async conclude(transfer: SpooledTransfer, said: Outcome): Promise<void> {
    const outcome = bounded(said);
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
      await this.#forget(id, transfer);
    }
    if (trace.relay.hasSubscribers) {
      const { size } = this.#transfers;
      trace.relay.publish({ what: "sweep", transfers: size, forgotten: before - size });
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const transfer of this.#transfers.values()) await transfer.close();
    for (const price of this.#prices.values()) price[Symbol.dispose]();
    this.#prices.clear();
    this.#lock.close();
  }

  #all(matches: (transfer: SpooledTransfer) => boolean): SpooledTransfer[] {
    return [...this.#transfers.values()].filter(matches);
  }

  /** Takes up what an earlier process left. */
  async #recover() {
    const found: [string, SpooledTransfer][] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#folder)) {
      const path = join(this.#folder, name);
      const transfer = isDirectory
        ? await SpooledTransfer.recover(path, this.#onResize)
        : undefined;
      if (transfer === undefined) await Deno.remove(path, { recursive: true });
      else found.push([name, transfer]);
    }
    found.sort(([, a], [, b]) => a.relay.created - b.relay.created);
    for (const [id, transfer] of found) this.#add(id, transfer, this.#restored(transfer));
    this.#lastCreated = found.at(-1)?.[1].relay.created ?? 0;
    await this.sweep();
  }

  #restored({ relay, upload }: SpooledTransfer): TransferPrice {
    const { book } = this.#options;
    const names = relay.recipients.map(({ name }) => name);
    const bytes = relay.recipients.reduce((sum, { length }) => sum + length, 0);
    const disk = this.#disk;
    const envelopes = priceOfEnvelopes({ count: names.length, bytes });
    const account = { key: relay.from.key };
    return new TransferPrice({
      envelopes: book.restore("envelopes", account, { price: envelopes, disk }),
      content: book.restore("content", { ...account, recipients: names }, {
        price: priceOfContent(upload.bytes),
        disk,
      }),
    });
  }

  async #bookContent(account: Account, bytes: number): Promise<Entry | NoRoom> {
    const { book } = this.#options;
    const item = { price: priceOfContent(bytes), toCome: bytes, disk: this.#disk };
    return await book.withRoom(account, () => book.book("content", account, item));
  }

  #open(id: string, relay: Relay): SpooledTransfer {
    return new SpooledTransfer(join(this.#folder, id), relay, this.#onResize);
  }

  /** Forgets the oldest of the ledger: of the same sender, else of all. */
  async #forgetConcluded({ key }: Account): Promise<boolean> {
    const concluded = [...this.#transfers].filter(([, one]) => one.isConcluded);
    const own = concluded.filter(([, { relay }]) => relay.from.key === key);
    const oldest = (own.length > 0 ? own : concluded).slice(0, FORGOTTEN_AT_ONCE);
    for (const [id, transfer] of oldest) await this.#forget(id, transfer);
    return oldest.length > 0;
  }

  #add(id: string, transfer: SpooledTransfer, price: TransferPrice) {
    this.#transfers.set(id, transfer);
    this.#prices.set(transfer, price);
    price.update(transfer);
  }

  #drop(id: string, transfer: SpooledTransfer) {
    this.#transfers.delete(id);
    this.#prices.get(transfer)?.[Symbol.dispose]();
    this.#prices.delete(transfer);
  }

  async #forget(id: string, transfer: SpooledTransfer) {
    this.#transfers.delete(id);
    await transfer.remove();
    this.#drop(id, transfer);
  }
}

/** An outcome whose sealed answer has the room that was kept for it: else it goes without. */
function bounded(outcome: Outcome): Outcome {
  const { sealed } = outcome;
  return sealed !== null && sealed.length > ANSWER_BYTES ? { ...outcome, sealed: null } : outcome;
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
