import type { Hash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { P2pError } from "../../errors.ts";
import type { Receipt } from "../../protocol/messages.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { CheckpointPace } from "../checkpoint_pace.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { NoRoom } from "../book/bounds.ts";
import { freeNames } from "./free_names.ts";
import type { Journal } from "../journal.ts";
import type { FileHead, PartContent, PartOffer } from "./part_content.ts";
import type { PartPrice } from "./part_price.ts";
import type { PartRecord } from "./part_record.ts";
import { cutAtChunks, lastAgreeing, type ResumePoint, startPoint } from "./resume_point.ts";
import { topName } from "../../names/file_name.ts";
import { localName, type NameLimits } from "../../names/portable_name.ts";
import type { RenamedEntry } from "../archive/local_tree.ts";
import { StorageError } from "../storage_error.ts";
import { syncFolder } from "../file_system.ts";
import { trace } from "../../trace.ts";

/** Choice for a name that is taken: take the next free one, give up, or replace what is there. */
export type OnConflict = "rename" | "skip" | "overwrite";

/**
 * Options of {@link Part.publish}; `allowHidden` leaves a leading `.` or `-` as it is (SPEC.md
 * §13).
 */
export interface PublishOptions {
  readonly onConflict: OnConflict;
  readonly allowHidden: boolean;
}

/** A transfer under its final name: its receipt, and where it is. */
export interface Published extends Receipt {
  /** Absolute. */
  readonly path: string;
  /** The first entries of a folder that have another name here. */
  readonly renamedEntries?: readonly RenamedEntry[];
}

/** Pieces that a part is made of. */
export interface PartOptions {
  /** The receiver's folder, absolute. */
  readonly target: string;
  readonly content: PartContent;
  readonly journal: Journal;
  readonly price: PartPrice;
  /** What names cannot be here. */
  readonly limits: NameLimits;
  /** Names at the top of `target` that other parts of this process are about to take. */
  readonly names: Set<string>;
  /** That of the system by default. */
  readonly clock?: Clock | undefined;
  /** Removes all of it from staging. */
  readonly erase: (options: { unpublished: boolean }) => Promise<void>;
  /** Called when the content has its final name, with what it takes there. */
  readonly onPublished: (
    published: { path: string; bytes: number; files: number },
  ) => Promise<void> | undefined;
  /** Called once when this part is no longer in use. */
  readonly onEnd: () => void;
}

/**
 * One transfer at its receiver, from the first byte to the receipt (SPEC.md §8, §14). In order:
 * `begin` and write the content stream, `publish`, `settle`; `release` at any point keeps it for a
 * later run, `discard` does not.
 */
export class Part {
  readonly #options: PartOptions;
  readonly #checkpoints: Checkpoints;
  readonly #pace: CheckpointPace;
  #published: Published | undefined;
  #point: ResumePoint = startPoint();
  #hash: Hash = startPoint().hash;
  #received = 0;
  #resumedAt = 0;
  /** Offset of the last line of the journal in this run. */
  #noted = 0;
  /** The end of the last whole chunk, where a part of another one has come. */
  #wholeChunks: { offset: number; hash: Hash } | undefined;
  #claimedName: string | undefined;
  #renamed: readonly RenamedEntry[] = [];
  /** The receipt without its name, once all of the content is on disk and checked. */
  #found: Omit<Receipt, "savedAs"> | undefined;
  /** The end of the step that runs now; steps never overlap. */
  #step: Promise<unknown> = Promise.resolve();
  #stream: WritableStreamDefaultController | undefined;
  #ended: P2pError | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
    this.#checkpoints = new Checkpoints(options.content, options.journal);
    this.#pace = new CheckpointPace(options.clock);
  }

  /** Set where an earlier run has published it already. */
  get receipt(): Published | undefined {
    return this.#published;
  }

  /** The offset to go on from: 0, or what is on disk and checked. */
  get offset(): number {
    return this.#point.offset;
  }

  /** SHA-256 in hex of the content stream up to {@link offset}; null at 0. */
  get digest(): string | null {
    return this.#point.digest;
  }

  /** True where there is nothing that a later run could go on with. */
  get isEmpty(): boolean {
    const isNamed = this.#published !== undefined || this.#claimedName !== undefined ||
      this.#found !== undefined;
    return !isNamed && this.offset === 0 && this.#received === 0;
  }

  /** The first bytes of each file of the content, whose stream is closed. */
  heads(length: number): AsyncIterable<FileHead> {
    return this.#options.content.heads(length);
  }

  /** Takes room for all that was offered, or says why there is none. */
  reserve(offer: Pick<PartOffer, "size" | "files" | "folder">): Promise<NoRoom | undefined> {
    return this.#options.price.reserve(offer, this.offset);
  }

  /** Takes up what an earlier run left: its receipt, its name, or the places that agree. */
  async recover(record: PartRecord, signal?: AbortSignal): Promise<void> {
    const { target, content } = this.#options;
    const { publish, receipt, places } = record;
    this.#claimedName = publish?.savedAs;
    if (receipt !== undefined) {
      this.#published = this.#locate(receipt);
    } else if (publish !== undefined && await content.isPlaced(join(target, publish.savedAs))) {
      this.#published = await this.#conclude(publish);
    } else {
      this.#point = await lastAgreeing(places, { chunks: content.chunks(), signal });
    }
    if (trace.storage.hasSubscribers) {
      const published = this.#published !== undefined;
      trace.storage.publish({ what: "part opened", state: true, offset: this.offset, published });
    }
  }

  /**
   * A stream for the content from `offset`, which is 0 or {@link offset}; what lies beyond is
   * dropped. Closing it resolves when all is on disk, and fails with StorageError "damaged" where
   * it is not what was offered; a write fails where there is no room for more than was reserved.
   */
  begin(offset: number): WritableStream<Uint8Array> {
    if (offset !== 0 && offset !== this.offset) {
      throw new RangeError(`cannot begin at ${offset}: only at 0 or ${this.offset}`);
    }
    this.#hash = (offset === 0 ? startPoint() : this.#point).hash.copy();
    this.#received = this.#resumedAt = this.#noted = offset;
    return new WritableStream({
      start: (controller) => {
        this.#stream = controller;
        return this.#inTurn(() => this.#options.content.cut(offset));
      },
      write: (chunk) => this.#inTurn(() => this.#write(chunk)),
      close: () => this.#inTurn(() => this.#finish()),
    });
  }

  /**
   * Gives the content, whose stream is closed, its final name, and resolves when that is on disk.
   */
  publish(name: string, options: PublishOptions): Promise<Published> {
    return this.#inTurn(async () => {
      const top = localName(topName(name, options), this.#options.limits);
      const found = this.#found;
      if (found === undefined) {
        throw new Error(`cannot publish "${name}": its stream is not closed`);
      }
      return this.#published = await this.#conclude(await this.#place(top, { ...options, found }));
    });
  }

  /**
   * Keeps everything for a later run. Does nothing where the part has ended already, as do the
   * next three.
   */
  release(): Promise<void> {
    return this.#end(new P2pError("interrupted", "the transfer was released"));
  }

  /** Forgets the transfer: the sender has the receipt. */
  settle(): Promise<void> {
    return this.#end(new P2pError("interrupted", "the transfer is settled"), { erase: true });
  }

  /** Deletes what came. */
  discard(): Promise<void> {
    return this.#end(
      new P2pError("interrupted", "the transfer was discarded"),
      { erase: true },
    );
  }

  /**
   * Ends it from outside: its stream fails with `reason`, a step that runs is finished, and all is
   * kept.
   */
  abandon(reason: P2pError): Promise<void> {
    this.#stream?.error(reason);
    return this.#end(reason);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (const piece of cutAtChunks(chunk, this.#received)) {
      const offset = this.#received;
      this.#options.price.received(offset + piece.length);
      if (offset % CHUNK_BYTES === 0) {
        const isWhole = piece.length === CHUNK_BYTES;
        this.#wholeChunks = isWhole ? undefined : { offset, hash: this.#hash.copy() };
      }
      this.#hash.update(piece);
      this.#received += piece.length;
      await this.#options.content.write(piece);
      if (this.#pace.isDue(this.#received)) await this.#note(this.#received, this.#hash);
    }
  }

  /** Notes a place to go on from. */
  async #note(offset: number, hash: Hash): Promise<void> {
    this.#noted = offset;
    await this.#checkpoints.add({ offset, digest: hash.copy().digest("hex") });
  }

  /** Notes the end of the last whole chunk of a run that is cut. */
  async #noteCut(): Promise<void> {
    const here = { offset: this.#received, hash: this.#hash };
    const { offset, hash } = here.offset % CHUNK_BYTES === 0 ? here : this.#wholeChunks!;
    if (this.#found === undefined && offset > this.#noted) await this.#note(offset, hash);
    await this.#checkpoints.settle();
  }

  async #finish(): Promise<void> {
    await this.#checkpoints.settle();
    const { bytes, missing, renamed } = await this.#options.content.finish();
    this.#renamed = renamed.entries;
    this.#found = {
      ...{ sha256: this.#hash.copy().digest("hex"), bytes, resumedAt: this.#resumedAt },
      ...missing > 0 && { missing },
      ...renamed.count > 0 && { renamed: renamed.count },
    };
  }

  /** Tries names until the operating system gives one, each written down before. */
  async #place(
    top: string,
    { onConflict, allowHidden, found }: PublishOptions & { found: Omit<Receipt, "savedAs"> },
  ): Promise<Receipt> {
    const { target, content, journal, names } = this.#options;
    const claimed = this.#claimedName;
    const tried = onConflict === "rename" ? freeNames(target, { top, claimed, names }) : [top];
    for (const savedAs of tried) {
      const receipt = { savedAs, ...found };
      names.add(savedAs);
      try {
        await journal.commit({ publish: receipt });
        const overwrite = onConflict === "overwrite";
        const options = { overwrite, allowHidden, claimed: savedAs === claimed };
        if (await content.place(join(target, savedAs), options)) return receipt;
      } finally {
        names.delete(savedAs);
      }
    }
    throw new StorageError("exists", `cannot publish "${top}": the name is taken`);
  }

  async #conclude(receipt: Receipt): Promise<Published> {
    const { target, content, journal, price, onPublished } = this.#options;
    await syncFolder(target);
    await journal.commit({ receipt });
    await content.remove();
    const { path, bytes } = this.#locate(receipt);
    // A line that cannot be written is worth no failure: it counts for as long as this runs.
    await onPublished({ path, bytes, files: price.published() })?.catch(() => {});
    if (trace.storage.hasSubscribers) {
      trace.storage.publish({ what: "published", state: true, bytes: receipt.bytes });
    }
    return this.#locate(receipt);
  }

  #locate(receipt: Receipt): Published {
    const renamedEntries = this.#renamed;
    const path = join(this.#options.target, receipt.savedAs);
    return { ...receipt, path, ...renamedEntries.length > 0 && { renamedEntries } };
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#step.then(() => {
      if (this.#ended !== undefined) throw this.#ended;
      return step();
    });
    this.#step = result.catch(() => {}); // Thrown to whoever asked for the step.
    return result;
  }

  #end(reason: P2pError, { erase = false } = {}): Promise<void> {
    const { content, journal, price, onEnd } = this.#options;
    const ended = this.#step.then(async () => {
      if (this.#ended !== undefined) return;
      this.#ended = reason;
      try {
        // A disk that fails now has failed before, or leaves an earlier place to go on from.
        await (erase ? this.#checkpoints.settle() : this.#noteCut()).catch(() => {});
        await content.close();
        journal.close();
        price.keep();
        if (erase) await this.#options.erase({ unpublished: this.#published === undefined });
      } finally {
        onEnd();
      }
    });
    this.#step = ended.catch(() => {}); // As above.
    return ended;
  }
}
