import { join } from "node:path";
import { keyText, object } from "../../protocol/schema.ts";
import type { Account, Book } from "../book/book.ts";
import type { Disk } from "../book/disk.ts";
import { ignoreMissing } from "../file_system.ts";
import { anyLine, linesLike, readJournal } from "../journal.ts";
import { type OnDisk, PartPrice } from "./part_price.ts";

/** The line of a part's journal that says who pays for it (SPEC.md §14). */
const owner = object({ from: keyText });

/** The prices of all parts of a receiver's folder, by the names of their folders. */
export class PartPrices {
  readonly #book: Book;
  readonly #disk: Disk;
  readonly #prices = new Map<string, PartPrice>();

  constructor(book: Book, disk: Disk) {
    this.#book = book;
    this.#disk = disk;
  }

  /** Books the parts that an earlier process has left in the staging folder. */
  async restore(staging: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(staging)) {
      if (!isDirectory) continue;
      const folder = join(staging, name);
      const lines = await readJournal(join(folder, "journal"), anyLine);
      const account = { key: linesLike(lines, owner)[0]?.from };
      const found = await onDisk(folder);
      this.#prices.set(name, PartPrice.restore(this.#book, { account, disk: this.#disk, found }));
    }
  }

  /** The price of the part in the folder `id`, booked where it is new. Throws `NoRoomError`. */
  async find(id: string, account: Account): Promise<PartPrice> {
    const known = this.#prices.get(id);
    if (known !== undefined) return known;
    const price = await PartPrice.book(this.#book, account, this.#disk);
    this.#prices.set(id, price);
    return price;
  }

  /** Gives back what a part has cost, which is gone. */
  drop(id: string): void {
    this.#prices.get(id)?.[Symbol.dispose]();
    this.#prices.delete(id);
  }
}

/** Bytes, files and folders at `path`, itself among them. */
export async function onDisk(path: string): Promise<OnDisk> {
  const info = await Deno.lstat(path).catch(ignoreMissing);
  const found = { bytes: info?.isFile ? info.size : 0, files: info === undefined ? 0 : 1 };
  if (!info?.isDirectory) return found;
  for await (const { name } of Deno.readDir(path)) {
    const { bytes, files } = await onDisk(join(path, name));
    found.bytes += bytes;
    found.files += files;
  }
  return found;
}
