import type { OwnedBytes } from "../../buffer_pool.ts";
import { join } from "node:path";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { CheckpointPace } from "../../storage/checkpoint_pace.ts";
import { FLAG, FLAGS_BYTES, isLast } from "../../transport/chunk_flags.ts";
import { exists, ignoreMissing } from "../../storage/file_system.ts";
import { storageError } from "../../storage/storage_error.ts";
import { WriteQueue } from "../../storage/write_queue.ts";
import { trace } from "../../trace.ts";
import type { LiveFeed } from "../relay/live_feed.ts";
import type { SpoolJournal } from "./spool_journal.ts";
import { addRun, runLine, type SpooledRun, type SpoolRecord } from "./spool_record.ts";

/** Pieces that an upload works with. */
export interface UploadOptions {
  transferId: string;
  /** Size of the content as the sender says; null where unknown. */
  size: number | null;
  /** The folder of the transfer. */
  folder: string;
  journal: SpoolJournal;
  feed: LiveFeed;
  /** Called when anything that can be asked of the upload is different. */
  onChange: () => void;
}

/**
 * The content of a transfer in the spool (SPEC.md §18): sealed chunks in `content`, as one run of
 * the sender after the other brings them. In order: `expect`, `begin`, `append` each chunk,
 * `finish`; `pause` at any point, after which the sender may begin again.
 */
export class Upload {
  /** Runs of the sender, in the order of their first chunks. */
  readonly runs: SpooledRun[] = [];
  readonly #options: UploadOptions;
  readonly #path: string;
  #chunks = 0;
  /** The last chunk of a run has come. */
  #hasLast = false;
  #isStored = false;
  #isComing = false;
  /** The content is of no more use, and goes once nothing writes to it. */
  #isUnwanted = false;
  #writer: WriteQueue | undefined;
  #checkpoint: Promise<void> = Promise.resolve();
  readonly #pace = new CheckpointPace();
  /** Chunks that the journal says are on disk. */
  #noted = 0;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#path = join(options.folder, "content");
  }

  /** Takes up what an earlier process of the hub left. */
  async recover({ chunks, runs, stored }: SpoolRecord): Promise<void> {
    const bytes = await Deno.lstat(this.#path).then(({ size }) => size, () => 0);
    this.#isStored = stored;
    this.#hasLast = stored;
    this.#chunks = stored ? chunks : Math.min(chunks, Math.floor(bytes / SEALED_CHUNK_BYTES));
    this.#noted = this.#chunks;
    this.runs.push(...runs.filter(({ start }) => start <= this.#chunks));
  }

  /** Chunks that are here and can be read. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Bytes that it takes, or will take as far as its sender says. */
  get bytes(): number {
    const here = this.#chunks * SEALED_CHUNK_BYTES;
    return this.#isComing ? Math.max(this.#options.size ?? 0, here) : here;
  }

  /** Bytes of {@link bytes} that are still to be written. */
  get bytesToCome(): number {
    return this.bytes - this.#chunks * SEALED_CHUNK_BYTES;
  }

  /** True while the sender is here and goes on. */
  get isComing(): boolean {
    return this.#isComing;
  }

  /** True when all of it is on disk. */
  get isStored(): boolean {
    return this.#isStored;
  }

  /** Index of the first chunk of the next run: all whole chunks are kept. */
  get resumeAt(): number {
    return this.#chunks - (this.#hasLast ? 1 : 0);
  }

  /** True where `run` is the sender's last one so far, and has not been replaced. */
  isLast(run: SpooledRun): boolean {
    return this.runs.at(-1) === run;
  }

  /** Index behind the last chunk of `run` that is here; 0 for one that was replaced. */
  endOf(run: SpooledRun): number {
    if (this.isLast(run)) return this.#chunks;
    return this.runs[this.runs.indexOf(run) + 1]?.start ?? 0;
  }

  /** The flags (SPEC.md §5) of a chunk that is here. */
  flagsOf(chunkIndex: number): number {
    return this.#hasLast && chunkIndex === this.#chunks - 1 ? FLAG.last : 0;
  }

  /** The run that a chunk is of. */
  runAt(chunkIndex: number): SpooledRun {
    return this.runs.findLast(({ start }) => start <= chunkIndex)!;
  }

  /** The sender is here: chunks are to be expected until {@link pause}. */
  expect(): void {
    this.#isComing = true;
    this.#options.journal.hold();
    this.#options.onChange();
  }

  /** Starts a run of the sender at {@link resumeAt}; what is beyond is dropped. */
  async begin(salt: string): Promise<void> {
    const { journal, feed, onChange } = this.#options;
    const run = { start: this.resumeAt, salt };
    this.#chunks = run.start;
    this.#hasLast = false;
    addRun(this.runs, run);
    feed.begin(run.start);
    onChange();
    await journal.append(runLine(run));
    this.#writer = await this.#openWriter(run.start);
    this.#publish("upload begun", { chunk: run.start });
  }

  /**
   * Takes the next `flags ‖ sealed chunk`, and its memory; resolves when it can be read and there
   * is room for the next one. `more` says that this is here.
   */
  async append(chunk: OwnedBytes, { more = false } = {}): Promise<void> {
    const { feed, onChange } = this.#options;
    const writer = this.#writer!;
    await writer.write(chunk.subarray(FLAGS_BYTES));
    await writer.flush();
    this.#hasLast = isLast(chunk);
    feed.push(this.#chunks, chunk, { more });
    this.#chunks++;
    onChange();
    const isDue = !this.#hasLast && this.#pace.isDue(this.#chunks * CHUNK_BYTES);
    if (isDue) await this.#startCheckpoint(writer);
    await feed.room();
  }

  /** All chunks are here: resolves when they are on disk for good. */
  async finish(): Promise<void> {
    await this.#checkpoint;
    await this.#writer!.sync();
    await this.#options.journal.commit({ chunks: this.#chunks, stored: true });
    this.#isStored = true;
    await this.pause();
  }

  /** The sender has gone, or is done. */
  async pause(): Promise<void> {
    const { feed, journal, onChange } = this.#options;
    if (this.#isComing) {
      this.#publish("upload ended", { chunks: this.#chunks, stored: this.#isStored });
    }
    this.#isComing = false;
    feed.end();
    const writer = this.#writer;
    this.#writer = undefined;
    // What failed was thrown where the next one was started, or leaves an earlier place.
    await this.#noteCut(writer).catch(() => {});
    await writer?.close();
    await journal.release();
    onChange();
    if (this.#isUnwanted) await this.#remove();
  }

  /** Opens the content for reading. */
  async open(): Promise<Deno.FsFile> {
    return await Deno.open(this.#path);
  }

  /** Removes the content, at once or when the sender has gone. */
  async drop(): Promise<void> {
    this.#isUnwanted = true;
    if (this.#writer === undefined) await this.#remove();
  }

  async #openWriter(chunkIndex: number): Promise<WriteQueue> {
    const { transferId, feed } = this.#options;
    try {
      return await WriteQueue.open(this.#path, {
        name: `transfer ${transferId}`,
        offset: chunkIndex * SEALED_CHUNK_BYTES,
        createNew: chunkIndex === 0 && !await exists(this.#path),
        mode: 0o600,
        quick: feed.isQuick,
      });
    } catch (cause) {
      throw storageError("cannot keep the transfer", cause);
    }
  }

  /** Where a run was cut the sender goes on behind the last whole chunk, also after a crash. */
  async #noteCut(writer: WriteQueue | undefined) {
    await this.#checkpoint;
    const isNews = !this.#isStored && !this.#isUnwanted && this.resumeAt > this.#noted;
    if (writer !== undefined && isNews) await this.#writeCheckpoint(writer, this.resumeAt);
  }

  /** One at a time, beside the next writes. */
  async #startCheckpoint(writer: WriteQueue) {
    await this.#checkpoint;
    const chunks = this.#chunks;
    this.#checkpoint = this.#writeCheckpoint(writer, chunks);
    this.#checkpoint.catch(() => {}); // It is thrown where it is awaited next.
  }

  async #writeCheckpoint(writer: WriteQueue, chunks: number) {
    await writer.sync();
    await this.#options.journal.commit({ chunks });
    this.#noted = chunks;
    this.#publish("checkpoint", { chunks });
  }

  async #remove() {
    await Deno.remove(this.#path).catch(ignoreMissing);
  }

  #publish(what: string, facts: Record<string, number | boolean>) {
    if (!trace.relay.hasSubscribers) return;
    trace.relay.publish({
      what,
      state: true,
      transfer: this.#options.transferId.slice(0, 8),
      ...facts,
    });
  }
}
