import { type Account, type Book, isNoRoom } from "../book/book.ts";
import type { NoRoom } from "../book/bounds.ts";
import type { Disk } from "../book/disk.ts";
import type { Entry } from "../book/entry.ts";
import type { Price } from "../book/price.ts";
import { StorageError } from "../storage_error.ts";
import type { PartOffer } from "./part_content.ts";

/** The folder of a part and its journal. */
const OWN_FILES = 2;

/** The folder `tree` and the file `manifest` of a part that is a folder. */
const TREE_FILES = 2;

/** Bytes of content stream that are on disk, and the files and folders that they are in. */
export interface OnDisk {
  bytes: number;
  /** With those of the part itself. */
  files: number;
}

/** There is no room for another part; `noRoom` says why. */
export class NoRoomError extends StorageError {
  readonly noRoom: NoRoom;

  constructor(noRoom: NoRoom) {
    super(noRoom.code, noRoom.reason);
    this.noRoom = noRoom;
  }
}

/** What one part costs for as long as it is in staging: all that was offered, or what is there. */
export class PartPrice implements Disposable {
  readonly #book: Book;
  readonly #account: Account;
  readonly #entry: Entry;
  #bytes: number;
  #files: number;
  #isReserved = false;

  /** Books a new part. Throws `NoRoomError`. */
  static async book(book: Book, account: Account, disk: Disk): Promise<PartPrice> {
    const price = priceOf({ bytes: 0, files: OWN_FILES });
    const entry = await book.withRoom(account, () => book.book("part", account, { price, disk }));
    if (isNoRoom(entry)) throw new NoRoomError(entry);
    return new PartPrice(entry, { book, account, found: price });
  }

  /** Books what an earlier process has left. */
  static restore(
    book: Book,
    { account, disk, found }: { account: Account; disk: Disk; found: OnDisk },
  ): PartPrice {
    const entry = book.restore("part", account, { price: priceOf(found), disk });
    return new PartPrice(entry, { book, account, found });
  }

  private constructor(
    entry: Entry,
    { book, account, found }: { book: Book; account: Account; found: OnDisk },
  ) {
    this.#entry = entry;
    this.#book = book;
    this.#account = account;
    this.#bytes = found.bytes;
    this.#files = found.files;
  }

  /** Takes room for all that was offered, of which `offset` bytes are here; or says why not. */
  reserve(
    { size, files, folder }: Pick<PartOffer, "size" | "files" | "folder">,
    offset: number,
  ): Promise<NoRoom | undefined> {
    const bytes = size ?? offset;
    const price = priceOf({ bytes, files: OWN_FILES + files + (folder ? TREE_FILES : 0) });
    const toCome = Math.max(0, bytes - offset);
    this.#isReserved = true;
    return this.#book.withRoom(this.#account, () => this.#entry.change(price, toCome));
  }

  /**
   * Notes how much of the content stream is here. Throws `NoRoomError` where it is more than was
   * reserved, and there is no room for that. This comes with each chunk.
   */
  received(bytes: number): void {
    const { price } = this.#entry;
    if (bytes <= price.bytes) this.#entry.expect(price.bytes - bytes);
    else this.#grow({ ...price, bytes });
    this.#bytes = bytes;
    this.#files = Math.max(this.#files, OWN_FILES + 1);
  }

  /** Notes how many files and folders the content has so far; throws as {@link received}. */
  contains(files: number): void {
    const { price } = this.#entry;
    const all = OWN_FILES + TREE_FILES + files;
    if (all > price.files) this.#grow({ ...price, files: all });
    this.#files = all;
  }

  /** Nobody brings more for now: what is on disk counts. */
  keep(): void {
    this.#entry.set(priceOf({ bytes: this.#bytes, files: this.#files }));
  }

  /** The content is published: the part itself is left. Gives how many files went. */
  published(): number {
    const gone = Math.max(1, this.#files - OWN_FILES);
    this.#bytes = 0;
    this.#files = OWN_FILES;
    this.keep();
    return gone;
  }

  /** Gives everything back. */
  [Symbol.dispose](): void {
    this.#entry[Symbol.dispose]();
  }

  #grow(price: Price) {
    if (!this.#isReserved) return this.#entry.set(price);
    const noRoom = this.#entry.change(price);
    if (noRoom !== undefined) throw new NoRoomError(noRoom);
  }
}

function priceOf({ bytes, files }: OnDisk): Price {
  return { bytes, files, items: 1 };
}
