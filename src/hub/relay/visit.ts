import type { OwnedBytes } from "../../buffer_pool.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import type { CancelCode, Message } from "../../protocol/messages.ts";
import { P2pError } from "../../errors.ts";
import { TAG_BYTES } from "../../secure/aead.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { isPacked, sealedBytes } from "../../transport/chunk_flags.ts";
import { damagedError, StorageError, storageError, tooLarge } from "../../storage/storage_error.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Codes of a sender's `cancel` after which nothing more of this transfer will come. */
const GIVEN_UP: readonly CancelCode[] = ["changed", "damaged", "quota"];

/** Reasons of a stop that will be the same at the next try. */
const FOR_GOOD: readonly CancelCode[] = ["damaged", "quota", "size"];

/** Callbacks of {@link Visit.run}. */
export interface VisitEvents {
  /** Called when the sender is about to bring content. */
  onComing: () => void;
  /** Called when all of the content is on disk. */
  onStored: () => void;
}

/**
 * One sender's visit with one transfer: its chunks go to the spool, and every outcome goes back
 * (SPEC.md §16).
 */
export class Visit {
  readonly #exchange: Exchange;
  readonly #spool: Spool;
  readonly #transfer: SpooledTransfer;
  readonly #maxBytes: number;
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #word: Promise<Message> | undefined;

  constructor(
    exchange: Exchange,
    { spool, transfer, maxBytes = Infinity }: {
      spool: Spool;
      transfer: SpooledTransfer;
      /** Most bytes of content whose size was not declared. */
      maxBytes?: number | undefined;
    },
  ) {
    this.#maxBytes = maxBytes;
    this.#exchange = exchange;
    this.#spool = spool;
    this.#transfer = transfer;
  }

  /** Serves the sender to its last word, or to the end of its session. */
  async run({ onComing, onStored }: VisitEvents): Promise<void> {
    const { relay: { until }, upload } = this.#transfer;
    const sending = this.#sendOutcomes();
    sending.catch(() => {}); // A lost session fails the other half too.
    try {
      if (this.#isWanted && !await this.#takeContent(onComing)) return;
      if (upload.isStored) {
        onStored();
        await this.#exchange.send({ type: "stored", until });
      }
      await this.#nextWord();
    } finally {
      this.#over.abort();
      this.#exchange.end();
      await sending.catch(() => {}); // As above.
      this.#ended.resolve();
    }
  }

  /**
   * Ends it because the same sender has begun another; resolves when the spool is free for that
   * one.
   */
  async replace(): Promise<void> {
    const reason = "it is sent in another run now";
    // Its session may be lost: so much the better.
    await this.#cancel("busy", reason).catch(() => {});
    this.#over.abort();
    this.#exchange.end();
    await this.#ended.promise;
  }

  /** Tells the sender that a recipient cannot be served now: the transfer is kept for it. */
  async tellAway(to: string): Promise<void> {
    const { outcomes, relay: { until } } = this.#transfer;
    if (outcomes.has(to) || this.#over.signal.aborted) return;
    await this.#exchange.send({ type: "routed", to, state: "away", until, reason: "" })
      .catch(() => {}); // A lost session ends the visit.
  }

  /** True where a recipient still needs content that is not here. */
  get #isWanted(): boolean {
    return !this.#transfer.upload.isStored && !this.#transfer.isConcluded;
  }

  /** The sender's next word besides data; one promise, so that no two wait for one word each. */
  #nextWord(): Promise<Message> {
    this.#word ??= this.#exchange.receive();
    return this.#word;
  }

  /** Takes the content; gives true where the sender stays for what comes after it. */
  async #takeContent(onComing: () => void): Promise<boolean> {
    const { upload } = this.#transfer;
    upload.expect();
    onComing();
    try {
      const offset = upload.resumeAt * CHUNK_BYTES;
      await this.#exchange.accept({ offset, digest: null });
      const begin = await this.#exchange.receive();
      if (isLastWord(begin)) return await this.#takeLastWord(begin);
      if (begin.type !== "begin" || begin.offset !== offset) {
        throw new P2pError("protocol", `"${begin.type}" does not answer an accept at ${offset}`);
      }
      await upload.begin(begin.salt);
      return await this.#takeChunks();
    } catch (error) {
      return await this.#stop(error);
    } finally {
      await upload.pause();
    }
  }

  /** Takes chunks to the end, or to a word that ends it before. */
  async #takeChunks(): Promise<boolean> {
    const stop = new AbortController();
    const sink = new WritableStream<OwnedBytes>({ write: (chunk) => this.#append(chunk) });
    const taking = this.#exchange.data.pipeTo(sink, {
      signal: AbortSignal.any([stop.signal, this.#over.signal]),
    });
    const word = this.#nextWord();
    // One of them may lose the race: the word is asked for again, and the pipe is over then.
    for (const promise of [taking, word]) promise.catch(() => {});
    try {
      const first = await Promise.race([taking, word]);
      if (first !== undefined) return await this.#takeLastWord(first);
      await this.#transfer.upload.finish();
      return true;
    } finally {
      stop.abort();
      await taking.catch(() => {}); // Its error was thrown by the race.
    }
  }

  async #append(chunk: OwnedBytes) {
    const { upload } = this.#transfer;
    if (isPacked(chunk)) throw new P2pError("protocol", "a packed chunk is not kept here");
    const length = sealedBytes(chunk);
    this.#checkDeclared(length - TAG_BYTES);
    this.#checkRoom(length);
    try {
      await upload.append(chunk, { more: this.#exchange.waitingBytes > 0 });
    } catch (cause) {
      throw storageError(`cannot keep chunk ${upload.chunks}`, cause);
    }
  }

  /** Throws for a chunk beyond what was declared: what the hub has decided by that would not hold. */
  #checkDeclared(length: number) {
    const { relay: { size }, upload: { chunks } } = this.#transfer;
    const most = size ?? this.#maxBytes;
    if (length <= Math.max(0, most - chunks * CHUNK_BYTES)) return;
    throw size === null
      ? new StorageError("size", tooLarge(null, most))
      : damagedError(`it has more than the ${most} bytes that were declared`);
  }

  /**
   * Throws where there is no room for the next chunk beyond what was booked: a stream is as large
   * as it gets.
   */
  #checkRoom(length: number) {
    const { bytes, bytesToCome } = this.#transfer.upload;
    if (length <= bytesToCome) return;
    const noRoom = this.#spool.noRoom(this.#transfer, bytes - bytesToCome + length);
    if (noRoom === undefined) return;
    throw new StorageError(
      noRoom.code,
      noRoom.reason,
    );
  }

  /** The sender stops before the end. */
  async #takeLastWord(word: Message): Promise<false> {
    if (!isLastWord(word)) throw new P2pError("protocol", `"${word.type}" in the middle of a file`);
    if (word.type === "cancel" && GIVEN_UP.includes(word.code)) {
      await this.#spool.giveUp(this.#transfer, word.code);
    }
    return false;
  }

  /** Tells the sender what cannot be kept. */
  async #stop(error: unknown): Promise<false> {
    if (!(error instanceof StorageError)) throw error;
    await this.#cancel(error.reason, error.message);
    const { reason } = error;
    if (FOR_GOOD.includes(reason)) await this.#spool.giveUp(this.#transfer, reason);
    return false;
  }

  async #cancel(code: CancelCode, reason: string) {
    await this.#exchange.send({ type: "cancel", code, reason });
  }

  /** Sends every outcome as it comes, until the visit is over. */
  async #sendOutcomes() {
    const { outcomes, conclusions } = this.#transfer;
    const { signal } = this.#over;
    const sent = new Set<string>();
    while (!signal.aborted) {
      for (const { to, code, sealed } of [...outcomes.values()]) {
        if (sent.has(to) || signal.aborted) continue;
        sent.add(to);
        await this.#exchange.send({ type: "outcome", to, code, sealed });
      }
      if (sent.size === outcomes.size) await conclusions.wait(signal);
    }
  }
}

function isLastWord(message: Message): boolean {
  return message.type === "settled" || message.type === "cancel";
}
