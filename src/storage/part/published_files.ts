import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type Checked, int, keyText, nullable, object, text } from "../../protocol/schema.ts";
import type { Book } from "../book/book.ts";
import type { Entry } from "../book/entry.ts";
import { NOTHING, type Price } from "../book/price.ts";
import { exists, infoOf, writeAll } from "../file_system.ts";
import { linesLike, parseLine } from "../journal.ts";
import { onDisk } from "./part_prices.ts";

/** It is looked at again only when so many times as long has passed as the last look took. */
const LOOK_SHARE = 20;

const publishedFile = object({
  path: text(8192, 1),
  key: keyText,
  network: nullable(text(64)),
  bytes: int(),
  files: int(1),
  /** Tells it from another one that has taken its name. */
  inode: nullable(int()),
});

/** A file or a folder under its final path, and the key that brought it. */
export type PublishedFile = Checked<typeof publishedFile>;

/** Whose it is: the key, and the network that this came from. */
type Owner = Pick<PublishedFile, "key" | "network">;

/**
 * What was published and has not been moved away: a list on disk, and in memory its sums by owner,
 * which are in the book.
 */
export class PublishedFiles {
  readonly #list: string;
  readonly #book: Book;
  readonly #entries = new Map<string, Entry>();
  /** Those that are counted, and not in the list yet. */
  readonly #unwritten = new Set<PublishedFile>();
  /** The end of the last step on the list. */
  #last: Promise<unknown> = Promise.resolve();
  #nextLook = 0;

  /** What earlier processes have published, by the list at a path. */
  static async open(list: string, book: Book): Promise<PublishedFiles> {
    const files = new PublishedFiles(list, book);
    await files.look();
    book.onFull(() => files.look());
    return files;
  }

  private constructor(list: string, book: Book) {
    this.#list = list;
    this.#book = book;
  }

  /** Notes what was just published; resolves when it is in the list. */
  async add(published: Omit<PublishedFile, "inode">): Promise<void> {
    const file: PublishedFile = { ...published, inode: null };
    this.#unwritten.add(file);
    // Before anything is awaited: its part gave back the same room just now.
    this.#entry(file).set(plus(this.#entry(file).price, file));
    file.inode = (await infoOf(file.path))?.ino ?? null;
    await this.#inTurn(async () => {
      await Deno.writeTextFile(this.#list, lineOf(file), { append: true, mode: 0o600 });
      this.#unwritten.delete(file);
    });
  }

  /** Gives back what was moved away; false where that is nothing, or it was just looked at. */
  async look(): Promise<boolean> {
    const start = performance.now();
    if (start < this.#nextLook) return false;
    const hasGone = await this.#inTurn(() => this.#look());
    const end = performance.now();
    this.#nextLook = end + LOOK_SHARE * (end - start);
    return hasGone;
  }

  async #look(): Promise<boolean> {
    if (!await exists(this.#list)) return false;
    const sums = new Sums();
    let hasGone = false;
    {
      using left = await Deno.open(`${this.#list}.new`, {
        create: true,
        write: true,
        truncate: true,
        mode: 0o600,
      });
      for await (const file of this.#filesThere(() => hasGone = true)) {
        sums.add(file);
        await writeAll(left, new TextEncoder().encode(lineOf(file)));
      }
    }
    await Deno.rename(`${this.#list}.new`, this.#list);
    this.#take(sums);
    return hasGone;
  }

  /** Those of the list that are where they were published; calls `onGone` for each other. */
  async *#filesThere(onGone: () => void): AsyncGenerator<PublishedFile> {
    const folders = new Map<string, PublishedFile[]>();
    for await (const text of createInterface({ input: createReadStream(this.#list) })) {
      for (const file of linesLike(parseLine(text), publishedFile)) {
        const info = await infoOf(file.path);
        if (info === undefined || info.ino !== file.inode) onGone();
        else if (!info.isDirectory) yield file;
        else folders.set(file.path, [...folders.get(file.path) ?? [], file]);
      }
    }
    for (const [path, files] of folders) {
      const last = files.at(-1)!;
      if (files.length === 1) yield last;
      // It was merged into: some of its files have replaced others.
      else yield { ...last, ...await onDisk(path) };
    }
  }

  #take(sums: Sums) {
    for (const file of this.#unwritten) sums.add(file);
    for (const [id, entry] of this.#entries) {
      if (sums.prices.has(id)) continue;
      entry[Symbol.dispose]();
      this.#entries.delete(id);
    }
    for (const [id, { owner, price }] of sums.prices) this.#entry(owner, id).set(price);
  }

  #entry(owner: Owner, id = idOf(owner)): Entry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const account = { key: owner.key, network: owner.network ?? undefined };
    const entry = this.#book.restore("published", account, { price: NOTHING });
    this.#entries.set(id, entry);
    return entry;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => {}); // Thrown to whoever asked for the step.
    return result;
  }
}

/** Sums by owner. */
class Sums {
  readonly prices = new Map<string, { owner: Owner; price: Price }>();

  add(file: PublishedFile): void {
    const { price = NOTHING } = this.prices.get(idOf(file)) ?? {};
    const owner = { key: file.key, network: file.network };
    this.prices.set(idOf(file), { owner, price: plus(price, file) });
  }
}

function idOf({ key, network }: Owner): string {
  return `${key} ${network}`;
}

function plus({ bytes, files }: Price, file: Pick<PublishedFile, "bytes" | "files">): Price {
  return { bytes: bytes + file.bytes, files: files + file.files, items: 0 };
}

function lineOf(file: PublishedFile): string {
  return `${JSON.stringify(file)}\n`;
}
