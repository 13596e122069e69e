import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { P2pError } from "../../errors.ts";
import type { ArchiveEntry } from "../archive/archive.ts";
import { exists } from "../file_system.ts";
import { anyLine, Journal, readJournal } from "../journal.ts";
import { Book } from "../book/book.ts";
import { Disk } from "../book/disk.ts";
import { encodeKey, type KeyText } from "../../secure/static_key.ts";
import { Part } from "./part.ts";
import type { PartOffer } from "./part_content.ts";
import { PartFile } from "./part_file.ts";
import { PartFolder } from "./part_folder.ts";
import type { PartPrice } from "./part_price.ts";
import { PartPrices } from "./part_prices.ts";
import { PublishedFiles } from "./published_files.ts";
import { isSameOffer, offerLine, type PartRecord, readRecord } from "./part_record.ts";
import { localName, type NameLimits } from "../../names/portable_name.ts";
import { STAGING_FOLDER, topName } from "../../names/file_name.ts";
import { erasePart, oldParts, openStagingFolder, partId } from "./staging_folder.ts";
import { storageError } from "../storage_error.ts";

/** Options of {@link Staging.claim}. */
export interface ClaimOptions {
  /** Asked for each entry of a folder; what it throws ends the transfer. */
  readonly accepts?: ((entry: ArchiveEntry) => void) | undefined;
  /** The network that the sender's key came from. */
  readonly network?: string | undefined;
  /** Ends the reading of what an earlier run left. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that stay free on the disk of the folder, for journals and for other programs. */
const SPARE_BYTES = 16 * 2 ** 20;

/** Options of {@link Staging.open}. */
export interface StagingOptions {
  readonly keepMs: number;
  /** Whatever is kept is booked, with what is there already; else nothing but the disk counts. */
  readonly kept?: Keeping | undefined;
  /** That of the system by default. */
  readonly clock?: Clock | undefined;
  /** What names cannot be here: what the system and the disk say by default. */
  readonly limits?: NameLimits | undefined;
}

/** The book, and the path of the list of what was published. */
export interface Keeping {
  readonly book: Book;
  readonly published: string;
}

/** The unfinished transfers of a receiver's folder: `.p2p-partial` inside it (SPEC.md §14). */
export class Staging {
  /** The receiver's folder, absolute, without links in it. */
  readonly dir: string;
  readonly #folder: string;
  readonly #keepMs: number;
  readonly #creationMode: number;
  readonly #limits: NameLimits;
  readonly #prices: PartPrices;
  readonly #published: PublishedFiles | undefined;
  readonly #clock: Clock | undefined;
  /** Names at the top that parts are about to take. */
  readonly #names = new Set<string>();
  /** By id: the part in use, or the one that is being opened. */
  readonly #held = new Map<string, Promise<Part>>();

  /**
   * Makes `dir` where it is missing, and removes parts without a change for `keepMs`. Throws
   * `StorageError`.
   */
  static async open(
    dir: string,
    { keepMs, kept, clock, limits }: StagingOptions,
  ): Promise<Staging> {
    try {
      await Deno.mkdir(dir, { recursive: true });
      const target = await Deno.realPath(dir);
      const folder = join(target, STAGING_FOLDER);
      const { creationMode, limits: found } = await openStagingFolder(folder);
      const disk = new Disk(target, { spareBytes: SPARE_BYTES });
      const prices = new PartPrices(kept?.book ?? new Book(), disk);
      if (kept !== undefined) await prices.restore(folder);
      const published = kept && await PublishedFiles.open(kept.published, kept.book);
      const staging = new Staging(target, {
        folder,
        keepMs,
        creationMode,
        limits: limits ?? found,
        prices,
        published,
        clock,
      });
      await staging.sweep();
      return staging;
    } catch (cause) {
      throw storageError(`cannot receive into "${dir}"`, cause);
    }
  }

  private constructor(
    dir: string,
    { folder, keepMs, creationMode, limits, prices, published, clock }: {
      folder: string;
      keepMs: number;
      creationMode: number;
      limits: NameLimits;
      prices: PartPrices;
      published: PublishedFiles | undefined;
      clock: Clock | undefined;
    },
  ) {
    this.dir = dir;
    this.#folder = folder;
    this.#keepMs = keepMs;
    this.#creationMode = creationMode;
    this.#limits = limits;
    this.#prices = prices;
    this.#published = published;
    this.#clock = clock;
  }

  /**
   * Removes the parts in which nothing has changed for as long as they are kept, and looks what was
   * moved away. Others may be at work in the same folder meanwhile.
   */
  async sweep(): Promise<void> {
    for await (const id of oldParts(this.#folder, this.#keepMs)) {
      if (!this.#held.has(id)) await this.#erase(id);
    }
    await this.#published?.look();
  }

  /**
   * The part of this sender and transfer, new or as it was left; a run that still holds it is
   * ended first. Throws `NoRoomError` where there is no room for another one.
   */
  claim(senderKey: Uint8Array, offer: PartOffer, options: ClaimOptions = {}): Promise<Part> {
    const id = partId(senderKey, offer.transfer);
    const before = this.#held.get(id);
    const drop = () => this.#held.get(id) === claimed && this.#held.delete(id);
    const claimed = (async () => {
      await (await before?.catch(() => undefined))?.abandon(takenOver(offer.name));
      const key = encodeKey(senderKey);
      return await this.#openPart(id, offer, { ...options, key, onEnd: drop });
    })();
    this.#held.set(id, claimed);
    claimed.catch(drop);
    return claimed;
  }

  /** True where something has this name at the top already, be it a link to nothing. */
  async isTaken(name: string): Promise<boolean> {
    try {
      return await exists(
        join(this.dir, localName(topName(name, { allowHidden: true }), this.#limits)),
      );
    } catch (cause) {
      throw storageError(`cannot read "${name}"`, cause);
    }
  }

  async #openPart(id: string, offer: PartOffer, options: OpenOptions): Promise<Part> {
    const folder = join(this.#folder, id);
    let record = readRecord(await readJournal(join(folder, "journal"), anyLine));
    const isNew = !isSameOffer(record.offer, offer);
    if (isNew) {
      await this.#erase(id);
      record = readRecord([]);
    }
    const price = await this.#prices.find(id, { key: options.key, network: options.network });
    try {
      if (isNew) await Deno.mkdir(folder, { mode: 0o700 });
      const journal = await Journal.open(join(folder, "journal"), [folder, this.#folder]);
      const part = this.#part(id, offer, { ...options, price, journal });
      return await this.#recover(part, offer, { ...options, journal, record, isNew });
    } catch (error) {
      if (isNew) await this.#erase(id);
      throw error;
    }
  }

  #part(
    id: string,
    offer: PartOffer,
    { accepts, key, network, price, journal, onEnd }: OpenOptions & {
      price: PartPrice;
      journal: Journal;
    },
  ): Part {
    const folder = join(this.#folder, id);
    const [creationMode, limits] = [this.#creationMode, this.#limits];
    let entries = 0;
    const counted = (entry: ArchiveEntry) => {
      accepts?.(entry);
      price.contains(++entries);
    };
    return new Part({
      target: this.dir,
      content: offer.folder
        ? new PartFolder(folder, { offer, creationMode, limits, accepts: counted })
        : new PartFile(folder, { offer, creationMode }),
      journal,
      price,
      limits,
      names: this.#names,
      clock: this.#clock,
      erase: (options) => this.#erase(id, options),
      onPublished: (published) =>
        this.#published?.add({ ...published, key, network: network ?? null }),
      onEnd,
    });
  }

  async #recover(
    part: Part,
    offer: PartOffer,
    { key, signal, journal, record, isNew }: OpenOptions & {
      journal: Journal;
      record: PartRecord;
      isNew: boolean;
    },
  ): Promise<Part> {
    try {
      if (isNew) await journal.append(offerLine(offer), { from: key });
      await part.recover(record, signal);
      return part;
    } catch (cause) {
      await part.release();
      throw signal?.aborted ? signal.reason : storageError(`cannot receive "${offer.name}"`, cause);
    }
  }

  async #erase(id: string, options?: { unpublished: boolean }): Promise<void> {
    await erasePart(join(this.#folder, id), options);
    this.#prices.drop(id);
  }
}

/** Options of {@link ClaimOptions}, the key of the sender, and the end of the part's use. */
interface OpenOptions extends ClaimOptions {
  key: KeyText;
  onEnd: () => void;
}

function takenOver(name: string): P2pError {
  return new P2pError(
    "connection",
    `cannot go on with "${name}": its sender has begun another run`,
  );
}
