import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { type Checked, hex, int, list, nullable, object, text } from "../protocol/schema.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../secure/sealed_stream.ts";
import { Journal, readJournal } from "../storage/journal.ts";
import { storageError } from "../storage/storage_error.ts";
import { syncFolder } from "../storage/sync_folder.ts";
import { WriteQueue } from "../storage/write_queue.ts";

/** Chunks between two synced checkpoints of an upload: 8 MiB. */
const CHECKPOINT_CHUNKS = 32;

const recipient = object({ name: text(64, 1), key: text(43, 43), sealed: text(8_192) });
const relay = object({
  transfer: hex(32),
  from: object({ name: text(64, 1), key: text(43, 43) }),
  size: nullable(int()),
  created: int(),
  until: int(),
  recipients: list(recipient, 1_000),
});
const attempt = object({ chunk: int(), salt: text(43, 43) });
const outcome = object({ to: text(64, 1), code: text(32, 1), sealed: nullable(text(8_192)) });

/** What a transfer to people begins with: who sends, to whom, and each receiver's envelope (SPEC.md §16, §18). */
export type Relay = Checked<typeof relay>;

/** One run of chunks of the sender: the chunk that it began at, and its salt. */
export type SpooledAttempt = Checked<typeof attempt>;

/** What became of one receiver. */
export type Outcome = Checked<typeof outcome>;

/**
 * One transfer in the spool (SPEC.md §18): sealed chunks in `content`, all else in `journal`. What `finish` or `conclude`
 * promise is on disk when they resolve.
 */
export class SpooledTransfer {
  readonly relay: Relay;
  /** Runs of the sender, in the order of their first chunks. */
  readonly attempts: SpooledAttempt[];
  readonly outcomes = new Map<string, Outcome>();
  /** Chunks that were sent to each receiver so far. */
  readonly sent = new Map<string, number>();
  readonly #folder: string;
  readonly #journal: Journal;
  #chunks = 0;
  #stored = false;
  #writer: WriteQueue | undefined;
  #checkpoint: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();

  /** A new one in `folder`, which must not exist yet. */
  static async create(folder: string, relay: Relay): Promise<SpooledTransfer> {
    try {
      await Deno.mkdir(folder, { mode: 0o700 });
      const journal = await Journal.open(join(folder, "journal"), [folder, join(folder, "..")]);
      await journal.commit({ relay });
      return new SpooledTransfer(folder, { relay, journal, attempts: [] });
    } catch (cause) {
      throw storageError(`cannot keep a transfer in "${folder}"`, cause);
    }
  }

  /** The one that an earlier run left in `folder`; undefined where nothing of it is left that could be of use. */
  static async recover(folder: string): Promise<SpooledTransfer | undefined> {
    const lines = await readJournal(join(folder, "journal"));
    const first = lines.flatMap((line) => taken(object({ relay }), line))[0];
    if (first === undefined) return undefined;
    const journal = await Journal.open(join(folder, "journal"), []);
    const chunks = lines.flatMap((line) => taken(object({ chunks: int() }), line)).at(-1)?.chunks ??
      0;
    const attempts = lines.flatMap((line) => taken(object({ attempt }), line))
      .map((line) => line.attempt)
      .filter((attempt) => attempt.chunk <= chunks);
    const found = new SpooledTransfer(folder, { relay: first.relay, journal, attempts });
    found.#chunks = chunks;
    found.#stored = lines.some((line) => "stored" in line);
    for (const line of lines.flatMap((line) => taken(object({ outcome }), line))) {
      found.outcomes.set(line.outcome.to, line.outcome);
    }
    return found;
  }

  private constructor(
    folder: string,
    { relay, journal, attempts }: { relay: Relay; journal: Journal; attempts: SpooledAttempt[] },
  ) {
    this.#folder = folder;
    this.#journal = journal;
    this.relay = relay;
    this.attempts = attempts;
  }

  /** Chunks that are here and can be read. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Sealed bytes that are here, or will be as far as anybody knows. */
  get bytes(): number {
    return Math.max(this.relay.size ?? 0, this.#chunks * SEALED_CHUNK_BYTES);
  }

  /** Content bytes that were sent to a receiver so far. */
  sentTo(name: string): number {
    const bytes = (this.sent.get(name) ?? 0) * CHUNK_BYTES;
    return Math.min(bytes, this.relay.size ?? bytes);
  }

  /** Whether the sender is here and goes on. */
  get isComing(): boolean {
    return this.#writer !== undefined;
  }

  /** Whether `run` is the sender's last one so far. */
  isLast(run: SpooledAttempt): boolean {
    return this.attempts.at(-1) === run;
  }

  /** The chunk behind the last one of `run` that is here. */
  runEnd(run: SpooledAttempt): number {
    const next = this.attempts[this.attempts.indexOf(run) + 1];
    return next?.chunk ?? this.#chunks;
  }

  /** Whether all of it is here, on disk. */
  get stored(): boolean {
    return this.#stored;
  }

  /** Whether every receiver has an outcome. */
  get concluded(): boolean {
    return this.outcomes.size === this.relay.recipients.length;
  }

  /** Resolves at the next change: more chunks, stored, an outcome. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** The chunk at which the sender's next run begins: a whole segment, so that receivers have a place there too. */
  get resumeAt(): number {
    return this.#chunks - this.#chunks % CHECKPOINT_CHUNKS;
  }

  /** Starts a run of the sender at {@link resumeAt}; what is beyond is dropped. */
  async begin(salt: string): Promise<void> {
    const chunk = this.#chunks = this.resumeAt;
    const attempt = { chunk, salt };
    await this.#journal.append({ attempt });
    // A run that brought nothing leaves its place to the next one.
    while (this.attempts.length > 0 && this.attempts.at(-1)!.chunk >= chunk) this.attempts.pop();
    this.attempts.push(attempt);
    const path = join(this.#folder, "content");
    const createNew = chunk === 0 && !await exists(path);
    await this.pause();
    this.#writer = await WriteQueue.open(path, {
      name: `transfer ${this.relay.transfer}`,
      offset: chunk * SEALED_CHUNK_BYTES,
      createNew,
      mode: 0o600,
    });
  }

  /** Takes the next sealed chunk; resolves when it can be read. */
  async append(chunk: Uint8Array): Promise<void> {
    const writer = this.#writer!;
    await writer.write(chunk);
    await writer.flush();
    this.#chunks++;
    this.#notify();
    if (this.#chunks % CHECKPOINT_CHUNKS === 0) await this.#startCheckpoint(writer);
  }

  /** All chunks are here: resolves when they are on disk for good. */
  async finish(): Promise<void> {
    await this.#checkpoint;
    await this.#writer!.sync();
    await syncFolder(this.#folder);
    await this.#journal.commit({ chunks: this.#chunks }, { stored: true });
    this.#stored = true;
    await this.pause();
    if (this.concluded) await this.#removeContent();
  }

  /** The sender has gone before the end. */
  async pause(): Promise<void> {
    await this.#checkpoint.catch(() => {});
    await this.#writer?.close();
    this.#writer = undefined;
    this.#notify();
  }

  /** Notes what became of a receiver; once every one has an outcome the content goes. */
  async conclude(outcome: Outcome): Promise<void> {
    await this.#journal.commit({ outcome });
    this.outcomes.set(outcome.to, outcome);
    this.#notify();
    if (this.concluded && this.#writer === undefined) await this.#removeContent();
  }

  /** Opens the content for reading from a chunk on. */
  async read(fromChunk: number): Promise<Deno.FsFile> {
    const file = await Deno.open(join(this.#folder, "content"));
    await file.seek(fromChunk * SEALED_CHUNK_BYTES, Deno.SeekMode.Start);
    return file;
  }

  /** Forgets it altogether. */
  async remove(): Promise<void> {
    await this.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await this.pause();
    this.#journal.close();
  }

  /** One at a time, beside the next writes. */
  async #startCheckpoint(writer: WriteQueue) {
    await this.#checkpoint;
    const chunks = this.#chunks;
    this.#checkpoint = writer.sync().then(() => this.#journal.commit({ chunks }));
    this.#checkpoint.catch(() => {}); // It is thrown where it is awaited next.
  }

  async #removeContent() {
    await Deno.remove(join(this.#folder, "content")).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  #notify() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Reads the next `length` bytes of `file` behind `headroom` free ones; "unexpected" where they are not there. */
export async function readBehind(
  file: Deno.FsFile,
  { headroom, length }: { headroom: number; length: number },
): Promise<Uint8Array> {
  const buffer = new Uint8Array(headroom + length);
  let filled = headroom;
  while (filled < buffer.length) {
    const read = await file.read(buffer.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  if (filled === headroom) {
    throw new P2pError("unexpected", "the spool has lost a part of a transfer");
  }
  return buffer.subarray(0, filled);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

function taken<T>(check: (value: unknown, path: string) => T, line: object): T[] {
  try {
    return [check(line, "")];
  } catch {
    return [];
  }
}
