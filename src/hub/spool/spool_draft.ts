import { join } from "node:path";
import type { KeyText } from "../../secure/static_key.ts";
import { type Account, type Book, isNoRoom } from "../../storage/book/book.ts";
import type { NoRoom } from "../../storage/book/bounds.ts";
import type { Disk } from "../../storage/book/disk.ts";
import type { Entry } from "../../storage/book/entry.ts";
import { ignoreMissing, writeAll } from "../../storage/file_system.ts";
import { storageError } from "../../storage/storage_error.ts";
import { ENVELOPES_FILE } from "./envelopes.ts";
import type { Recipient } from "./spool_record.ts";
import { priceOfEnvelopes } from "./transfer_price.ts";

/** Envelopes are written when there are so many bytes of them. */
const WRITE_BYTES = 262_144;

/** Pieces that a draft works with. */
export interface SpoolDraftOptions {
  /** A path in the spool where nothing is. */
  folder: string;
  book: Book;
  disk: Disk;
  account: Account;
}

/**
 * The envelopes of a transfer while they come in: each is booked, then written. Disposed of before
 * it was kept, nothing of it is left.
 */
export class SpoolDraft implements AsyncDisposable {
  /** Those whose envelopes are here. */
  readonly recipients: Recipient[] = [];
  readonly #options: SpoolDraftOptions;
  #entry: Entry | undefined;
  #noRoom: NoRoom | undefined;
  #bytes = 0;
  #file: Deno.FsFile | undefined;
  #unwritten: string[] = [];
  #unwrittenBytes = 0;
  #isKept = false;

  constructor(options: SpoolDraftOptions) {
    this.#options = options;
  }

  /** The account that pays for it. */
  get account(): Account {
    return this.#options.account;
  }

  /** The reason for which an envelope was not taken; undefined where all were. */
  get noRoom(): NoRoom | undefined {
    return this.#noRoom;
  }

  /** Takes the next envelope; after one for which there was no room it takes none. */
  async add(to: { name: string; key: KeyText }, sealed: string): Promise<void> {
    if (this.#noRoom !== undefined) return;
    const price = priceOfEnvelopes({
      count: this.recipients.length + 1,
      bytes: this.#bytes + sealed.length,
    });
    this.#noRoom = await this.#book(price);
    if (this.#noRoom !== undefined) return;
    this.recipients.push({ name: to.name, key: to.key, length: sealed.length });
    this.#bytes += sealed.length;
    this.#unwritten.push(sealed);
    this.#unwrittenBytes += sealed.length;
    if (this.#unwrittenBytes >= WRITE_BYTES) await this.#write();
  }

  /** Moves it to `folder`, which is the transfer's, and gives its entry away. */
  async keep(folder: string): Promise<void> {
    await this.#write();
    this.#close();
    await Deno.rename(this.#options.folder, folder);
    this.#isKept = true;
  }

  /** The entry of the envelopes, for who keeps them. */
  takeEntry(): Entry {
    const entry = this.#entry!;
    this.#entry = undefined;
    return entry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    this.#entry?.[Symbol.dispose]();
    if (this.#isKept) return;
    await Deno.remove(this.#options.folder, { recursive: true }).catch(ignoreMissing);
  }

  async #book(price: ReturnType<typeof priceOfEnvelopes>): Promise<NoRoom | undefined> {
    const { book, account, disk } = this.#options;
    const booked = await book.withRoom(
      account,
      () =>
        this.#entry?.change(price) ?? this.#entry ??
          book.book("envelopes", account, { price, disk }),
    );
    if (isNoRoom(booked)) return booked;
    this.#entry = booked;
  }

  async #write(): Promise<void> {
    const text = this.#unwritten.join("");
    this.#unwritten = [];
    this.#unwrittenBytes = 0;
    try {
      this.#file ??= await this.#open();
      await writeAll(this.#file, new TextEncoder().encode(text));
    } catch (cause) {
      throw storageError("cannot keep the envelopes", cause);
    }
  }

  async #open(): Promise<Deno.FsFile> {
    const { folder } = this.#options;
    await Deno.mkdir(folder, { mode: 0o700 });
    return await Deno.open(join(folder, ENVELOPES_FILE), {
      createNew: true,
      write: true,
      mode: 0o600,
    });
  }

  #close() {
    this.#file?.close();
    this.#file = undefined;
  }
}
