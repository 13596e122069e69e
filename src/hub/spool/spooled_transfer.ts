import { join } from "node:path";
import type { KeyText } from "../../secure/static_key.ts";
import { releaseBuffer } from "../../buffer_pool.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { exists, ignoreMissing } from "../../storage/file_system.ts";
import { anyLine, Journal, readJournal } from "../../storage/journal.ts";
import { SEGMENT_BYTES } from "../../storage/part/part_record.ts";
import { storageError } from "../../storage/storage_error.ts";
import { WriteQueue } from "../../storage/write_queue.ts";
import { Notify } from "../../notify.ts";
import { BroadcastPacer } from "../relay/broadcast_pacer.ts";
import { TailBuffer } from "../relay/tail_buffer.ts";
import {
  addAttempt,
  type Outcome,
  readSpoolRecord,
  type Relay,
  type SpooledAttempt,
} from "./spool_record.ts";

/**
 * Chunks of a segment: between two synced checkpoints of an upload, and between two places to go on
 * from.
 */
const SEGMENT_CHUNKS = SEGMENT_BYTES / CHUNK_BYTES;

/**
 * The latest chunks are in the system's memory still: 1 GiB of each upload, until a minute after
 * the last one came.
 */
const WARM_CHUNKS = 4_096;
const WARM_MS = 60_000;

/** Where one receiver stands: an outcome, or what is being done about it. */
export type ReceiverState = Outcome["code"] | "waiting" | "running";

/**
 * One transfer in the spool (SPEC.md §18): sealed chunks in `content`, all else in `journal`. What
 * `finish` or `conclude` promise is on disk when they resolve.
 */
export class SpooledTransfer {
  readonly relay: Relay;
  /** Runs of the sender, in the order of their first chunks. */
  readonly attempts: SpooledAttempt[] = [];
  /** By receiver's name. */
  readonly outcomes = new Map<string, Outcome>();
  /** More chunks, a sender who came or went, stored, an outcome. */
  readonly changes = new Notify();
  /** Of {@link changes} the outcomes alone, for those who wait for nothing else. */
  readonly conclusions = new Notify();
  /** For several receivers that follow its upload. */
  readonly pace: BroadcastPacer | undefined;
  /** For the only receiver, where it follows its upload. */
  readonly tail: TailBuffer | undefined;
  /**
   * When it has waited long enough, by `performance.now()`: a system clock that is set ends nothing
   * early or late.
   */
  readonly #endsAt: number;
  readonly #folder: string;
  readonly #recipients: Map<string, Relay["recipients"][number]>;
  /** Chunks that were sent to each receiver so far. */
  readonly #sent = new Map<string, number>();
  readonly #running = new Set<string>();
  #chunks = 0;
  /** When the last one came, by `performance.now()`. */
  #arrivedAt = -Infinity;
  /** The first one of those that came without a pause in which they could get cold. */
  #warmFrom = 0;
  /** A short chunk has come: it is the last one. */
  #isShort = false;
  #stored = false;
  #isComing = false;
  #writer: WriteQueue | undefined;
  #checkpoint: Promise<void> = Promise.resolve();
  #journal: Journal | undefined;
  #commits: Promise<void> = Promise.resolve();

  /** What an earlier run left in `folder`; undefined where nothing of it could be of use. */
  static async recover(folder: string): Promise<SpooledTransfer | undefined> {
    const record = readSpoolRecord(await readJournal(join(folder, "journal"), anyLine));
    if (record === undefined) return undefined;
    const found = new SpooledTransfer(folder, record.relay);
    const there = Math.floor(await bytesOf(join(folder, "content")) / SEALED_CHUNK_BYTES);
    found.#stored = record.stored;
    found.#chunks = record.stored ? record.chunks : Math.min(record.chunks, there);
    found.attempts.push(...record.attempts.filter(({ chunk }) => chunk <= found.#chunks));
    for (const outcome of record.outcomes) found.outcomes.set(outcome.to, outcome);
    if (found.concluded) await found.#removeContent();
    return found;
  }

  /** One that is to be kept in `folder`, which {@link create} makes. */
  constructor(folder: string, relay: Relay) {
    this.#folder = folder;
    this.relay = relay;
    this.#endsAt = performance.now() + relay.until - Date.now();
    if (relay.recipients.length === 1) this.tail = new TailBuffer();
    else this.pace = new BroadcastPacer();
    this.#recipients = new Map(relay.recipients.map((recipient) => [recipient.name, recipient]));
  }

  /** Makes its folder; nothing of it is promised to anybody before it is stored. */
  async create(): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { mode: 0o700 });
      await this.#commit([{ relay: this.relay }], { sync: false });
    } catch (cause) {
      throw storageError(`cannot keep a transfer in "${this.#folder}"`, cause);
    }
  }

  /** How much longer it waits for its receivers, in ms; below 0 once that is over. */
  get msLeft(): number {
    return this.#endsAt - performance.now();
  }

  /** Chunks that are here and can be read. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Bytes that it takes, or will take as far as its sender says. */
  get bytes(): number {
    const here = this.#chunks * SEALED_CHUNK_BYTES;
    return this.#isComing ? Math.max(this.relay.size ?? 0, here) : here;
  }

  /** Bytes of {@link bytes} that are still to be written. */
  get bytesToCome(): number {
    return this.bytes - this.#chunks * SEALED_CHUNK_BYTES;
  }

  /** Whether the sender is here and goes on. */
  get isComing(): boolean {
    return this.#isComing;
  }

  /** Whether all of it is here, on disk. */
  get stored(): boolean {
    return this.#stored;
  }

  /** Whether every receiver has an outcome. */
  get concluded(): boolean {
    return this.outcomes.size === this.#recipients.size;
  }

  /**
   * The envelope for the receiver of that name; undefined where it goes to somebody else, or to
   * another key.
   */
  envelopeFor({ name, key }: { name: string; key: KeyText }): string | undefined {
    const recipient = this.#recipients.get(name);
    return recipient?.key === key ? recipient.sealed : undefined;
  }

  /**
   * Where the receiver of that name stands; `interrupted` where its sender was cut off before the
   * end.
   */
  stateOf(name: string): ReceiverState {
    const outcome = this.outcomes.get(name);
    if (outcome !== undefined) return outcome.code;
    if (this.#running.has(name)) return "running";
    return this.#stored || this.#isComing ? "waiting" : "interrupted";
  }

  /** Content bytes that were sent to a receiver so far. */
  sentTo(name: string): number {
    const bytes = (this.#sent.get(name) ?? 0) * CHUNK_BYTES;
    return Math.min(bytes, this.relay.size ?? bytes);
  }

  /** Notes that chunks up to `chunk` were sent to a receiver. */
  noteSent(name: string, chunk: number): void {
    this.#sent.set(name, chunk);
  }

  /** Notes that a receiver is being served, until it is disposed of. */
  serve(name: string): Disposable {
    this.#running.add(name);
    this.tail?.follow();
    return {
      [Symbol.dispose]: () => {
        this.#running.delete(name);
        this.tail?.end();
      },
    };
  }

  /** Whether `run` is the sender's last one so far, and has not been replaced. */
  isLast(run: SpooledAttempt): boolean {
    return this.attempts.at(-1) === run;
  }

  /** The chunk behind the last one of `run` that is here; 0 for one that was replaced. */
  runEnd(run: SpooledAttempt): number {
    if (this.isLast(run)) return this.#chunks;
    return this.attempts[this.attempts.indexOf(run) + 1]?.chunk ?? 0;
  }

  /** The run that chunk `chunk` is of. */
  runAt(chunk: number): SpooledAttempt {
    return this.attempts.findLast((attempt) => attempt.chunk <= chunk)!;
  }

  /**
   * The chunk at which the sender's next run begins: a whole segment, so that receivers have a
   * place there too.
   */
  get resumeAt(): number {
    const whole = this.#chunks - (this.#isShort ? 1 : 0);
    return whole - whole % SEGMENT_CHUNKS;
  }

  /** Its sender is here: chunks are to be expected until {@link pause}. */
  expect(): void {
    this.#isComing = true;
  }

  /** Starts a run of the sender at {@link resumeAt}; what is beyond is dropped. */
  async begin(salt: string): Promise<void> {
    const attempt = { chunk: this.resumeAt, salt };
    const path = join(this.#folder, "content");
    this.#chunks = attempt.chunk;
    if (!this.#cameLately) this.#warmFrom = attempt.chunk;
    this.#isShort = false;
    addAttempt(this.attempts, attempt);
    await this.#commit([{ attempt }], { sync: false });
    try {
      this.#writer = await WriteQueue.open(path, {
        name: `transfer ${this.relay.transfer}`,
        offset: attempt.chunk * SEALED_CHUNK_BYTES,
        createNew: attempt.chunk === 0 && !await exists(path),
        mode: 0o600,
        quick: this.tail !== undefined, // The pace of several goes by what comes while a chunk is written.
      });
    } catch (cause) {
      throw storageError("cannot keep the transfer", cause);
    }
  }

  /**
   * Takes the next sealed chunk, and its memory; resolves when it can be read and there is room for
   * the next one. `more` says that this is here.
   */
  async append(chunk: Uint8Array, { more = false } = {}): Promise<void> {
    const writer = this.#writer!;
    this.#isShort = chunk.length < SEALED_CHUNK_BYTES;
    await writer.write(chunk);
    await writer.flush();
    if (this.tail === undefined) releaseBuffer(chunk);
    else this.tail.push(this.#chunks, chunk);
    this.#chunks++;
    this.#arrivedAt = performance.now();
    this.pace?.arrived({ more });
    this.changes.notify();
    if (!this.#isShort && this.#chunks % SEGMENT_CHUNKS === 0) await this.#startCheckpoint(writer);
    await this.tail?.room();
  }

  /**
   * Whether a chunk has been written not long ago, so that reading it hardly ever waits for the
   * disk.
   */
  isWarm(chunk: number): boolean {
    return this.#cameLately && chunk >= this.#warmFrom && this.#chunks - chunk <= WARM_CHUNKS;
  }

  get #cameLately(): boolean {
    return performance.now() - this.#arrivedAt < WARM_MS;
  }

  /** All chunks are here: resolves when they are on disk for good. */
  async finish(): Promise<void> {
    await this.#checkpoint;
    await this.#writer!.sync();
    await this.#commit([{ chunks: this.#chunks }, { stored: true }]);
    this.#stored = true;
    await this.pause();
  }

  /** The sender has gone, or is done. */
  async pause(): Promise<void> {
    this.#isComing = false;
    this.pace?.end();
    this.tail?.end();
    const writer = this.#writer;
    this.#writer = undefined;
    await this.#checkpoint.catch(() => {});
    await writer?.close();
    this.#commits = this.#commits.then(() => this.#closeJournal());
    await this.#commits;
    this.changes.notify();
    if (this.concluded) await this.#removeContent();
  }

  /** Notes what became of a receiver; once every one has an outcome the content goes. */
  async conclude(outcome: Outcome): Promise<void> {
    await this.#commit([{ outcome }]);
    this.outcomes.set(outcome.to, outcome);
    this.changes.notify();
    this.conclusions.notify();
    if (this.concluded && this.#writer === undefined) await this.#removeContent();
  }

  /** Opens the content for reading. */
  async open(): Promise<Deno.FsFile> {
    return await Deno.open(join(this.#folder, "content"));
  }

  /** Forgets it altogether. */
  async remove(): Promise<void> {
    await this.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await this.pause();
  }

  /** One at a time, beside the next writes. */
  async #startCheckpoint(writer: WriteQueue) {
    await this.#checkpoint;
    const chunks = this.#chunks;
    this.#checkpoint = writer.sync().then(() => this.#commit([{ chunks }]));
    this.#checkpoint.catch(() => {}); // It is thrown where it is awaited next.
  }

  /**
   * Writes lines, one call after the other. The journal stays open while the sender is here, and no
   * longer: a hub keeps more transfers than it may have files open.
   */
  #commit(lines: object[], { sync = true } = {}): Promise<void> {
    const written = this.#commits.then(async () => {
      const parents = [this.#folder, join(this.#folder, "..")];
      this.#journal ??= await Journal.open(join(this.#folder, "journal"), parents);
      await (sync ? this.#journal.commit(...lines) : this.#journal.append(...lines));
      if (!this.#isComing) this.#closeJournal();
    });
    this.#commits = written.catch(() => {});
    return written;
  }

  #closeJournal() {
    this.#journal?.close();
    this.#journal = undefined;
  }

  async #removeContent() {
    await Deno.remove(join(this.#folder, "content")).catch(ignoreMissing);
  }
}

async function bytesOf(path: string): Promise<number> {
  return await Deno.lstat(path).then(({ size }) => size, () => 0);
}
