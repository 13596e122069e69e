import type { Exchange } from "../../protocol/exchange.ts";
import type { CancelCode, Message } from "../../protocol/messages.ts";
import { P2pError } from "../../errors.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** What a sender says when there will be nothing more of this transfer. */
const GIVEN_UP: readonly CancelCode[] = ["changed", "damaged", "quota"];

/**
 * One sender's visit with one transfer: its chunks go to the spool, and every outcome goes back
 * (SPEC.md §16).
 */
export class Visit {
  readonly #exchange: Exchange;
  readonly #spool: Spool;
  readonly #transfer: SpooledTransfer;
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #word: Promise<Message> | undefined;

  constructor(
    exchange: Exchange,
    { spool, transfer }: { spool: Spool; transfer: SpooledTransfer },
  ) {
    this.#exchange = exchange;
    this.#spool = spool;
    this.#transfer = transfer;
  }

  /** From here to the sender's last word, or to the end of its session. */
  async run({ onComing, onStored }: { onComing: () => void; onStored: () => void }): Promise<void> {
    const telling = this.#tellOutcomes();
    telling.catch(() => {}); // A lost session is noticed by the other half too.
    const { until } = this.#transfer.relay;
    try {
      if (this.#isWanted && !await this.#takeContent(onComing)) return;
      if (this.#transfer.stored) {
        onStored();
        await this.#exchange.send({ type: "stored", until });
      }
      await this.#nextWord();
    } finally {
      this.#over.abort();
      this.#exchange.end();
      await telling.catch(() => {});
      this.#ended.resolve();
    }
  }

  /**
   * Ends it because the same sender has begun another; resolves when the spool is free for that
   * one.
   */
  async replace(): Promise<void> {
    const reason = "it is sent in another run now";
    await this.#cancel("busy", reason).catch(() => {});
    this.#over.abort();
    this.#exchange.end();
    await this.#ended.promise;
  }

  /** Tells the sender that somebody cannot be served now: it is kept for them. */
  async tellAway(to: string): Promise<void> {
    if (this.#transfer.outcomes.has(to) || this.#over.signal.aborted) return;
    const { until } = this.#transfer.relay;
    await this.#exchange.send({ type: "routed", to, state: "away", until, reason: "" })
      .catch(() => {});
  }

  /** Whether somebody still needs content that is not here. */
  get #isWanted(): boolean {
    return !this.#transfer.stored && !this.#transfer.concluded;
  }

  /**
   * The sender's next word besides data; one promise, so that nobody takes it from somebody else.
   */
  #nextWord(): Promise<Message> {
    this.#word ??= this.#exchange.receive();
    return this.#word;
  }

  /** Whether there is more to say to the sender after that. */
  async #takeContent(onComing: () => void): Promise<boolean> {
    const transfer = this.#transfer;
    transfer.expect();
    onComing();
    try {
      const offset = transfer.resumeAt * CHUNK_BYTES;
      await this.#exchange.send({ type: "accept", offset, digest: null });
      const begin = await this.#exchange.receive();
      if (isLastWord(begin)) return await this.#takeLastWord(begin);
      if (begin.type !== "begin" || begin.offset !== offset) {
        throw new P2pError("protocol", `"${begin.type}" is no answer to an accept at ${offset}`);
      }
      await transfer.begin(begin.salt);
      return await this.#takeChunks();
    } catch (error) {
      return await this.#stop(error);
    } finally {
      await transfer.pause();
    }
  }

  /** Takes chunks to the end, or to a word that ends it before. */
  async #takeChunks(): Promise<boolean> {
    const stop = new AbortController();
    const sink = new WritableStream<Uint8Array>({ write: (chunk) => this.#append(chunk) });
    const taking = this.#exchange.data.pipeTo(sink, {
      signal: AbortSignal.any([stop.signal, this.#over.signal]),
    });
    taking.catch(() => {}); // Who waits for it is told.
    const word = this.#nextWord();
    word.catch(() => {});
    try {
      const first = await Promise.race([taking, word]);
      if (first !== undefined) return await this.#takeLastWord(first);
      await this.#transfer.finish();
      return true;
    } finally {
      stop.abort();
      await taking.catch(() => {});
    }
  }

  async #append(chunk: Uint8Array) {
    const { chunks, bytes, bytesToCome } = this.#transfer;
    if (chunk.length > bytesToCome) {
      // More than was declared: an archive is larger than its files, a stream as large as it gets,
      // and a liar exists too.
      const noRoom = this.#spool.noRoom(this.#transfer, chunk.length - bytesToCome);
      if (noRoom !== undefined) {
        throw new StorageError(
          noRoom.code,
          `no room for more than ${bytes} bytes: ${noRoom.reason}`,
        );
      }
    }
    try {
      await this.#transfer.append(chunk, { more: this.#exchange.waitingBytes > 0 });
    } catch (cause) {
      throw storageError(`cannot keep chunk ${chunks}`, cause);
    }
  }

  /** The sender stops before the end. */
  async #takeLastWord(word: Message): Promise<false> {
    if (!isLastWord(word)) throw new P2pError("protocol", `"${word.type}" in the middle of a file`);
    if (word.type === "cancel" && GIVEN_UP.includes(word.code)) {
      await this.#spool.giveUp(this.#transfer, word.code);
    }
    return false;
  }

  /**
   * What cannot be kept is told to the sender; what is over its quota will not fit later either.
   */
  async #stop(error: unknown): Promise<false> {
    if (!(error instanceof StorageError)) throw error;
    await this.#cancel(error.reason, error.message);
    if (error.reason === "quota") await this.#spool.giveUp(this.#transfer, "quota");
    return false;
  }

  async #cancel(code: CancelCode, reason: string) {
    await this.#exchange.send({ type: "cancel", code, reason });
  }

  /** Every outcome as it comes, until the visit is over. */
  async #tellOutcomes() {
    const { signal } = this.#over;
    const told = new Set<string>();
    while (!signal.aborted) {
      for (const { to, code, sealed } of [...this.#transfer.outcomes.values()]) {
        if (told.has(to) || signal.aborted) continue;
        told.add(to);
        await this.#exchange.send({ type: "outcome", to, code, sealed });
      }
      if (told.size === this.#transfer.outcomes.size) await this.#transfer.conclusions.wait(signal);
    }
  }
}

function isLastWord(message: Message): boolean {
  return message.type === "settled" || message.type === "cancel";
}
