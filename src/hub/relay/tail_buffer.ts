import { type OwnedBytes, releaseBuffer } from "../../buffer_pool.ts";
import { Notify } from "../../notify.ts";
import { withHeadroom } from "../../protocol/channel.ts";
import { trace } from "../../trace.ts";
import { FAST_CHUNKS, FAST_MS } from "./broadcast_pacer.ts";

/** Chunks that wait for the recipient before the upload does: a mebibyte. */
export const TAIL_CHUNKS = 4;

/**
 * Most credit of a recipient that was fast, in chunks: it may stand still for half a second before
 * it is let go.
 */
const MAX_CREDIT = 5 * FAST_CHUNKS;

/**
 * The latest chunks of an upload that has one recipient. While that is fast, the upload waits for
 * it where need be, so that each chunk goes on from memory and none is read from the disk again. A
 * recipient that is slower is let go: it reads from the spool, and costs neither memory nor the
 * sender's time.
 */
export class TailBuffer {
  /** By index. */
  readonly #chunks = new Map<number, OwnedBytes>();
  readonly #changes = new Notify();
  /** Index of the latest chunk. */
  #latest = -1;
  #isFollowed = false;
  /** Chunks that were taken, without those that had to be while the upload waited. */
  #credit = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The recipient is about to come. */
  follow(): void {
    this.#isFollowed = true;
    this.#credit = FAST_CHUNKS;
  }

  /** Takes a chunk, which can be read from the spool as well, and its memory. */
  push(chunkIndex: number, chunk: OwnedBytes): void {
    this.#latest = chunkIndex;
    if (this.#isFollowed) this.#chunks.set(chunkIndex, chunk);
    else releaseBuffer(chunk);
  }

  /** Resolves when there is room for more, or no recipient to wait for. */
  async room(): Promise<void> {
    while (this.#isFull) {
      this.#timer ??= setTimeout(() => this.#charge(), FAST_MS);
      await this.#changes.wait();
    }
  }

  /**
   * A chunk behind the room for its frame's header, with its memory; undefined where it is to be
   * read.
   */
  take(chunkIndex: number): OwnedBytes | undefined {
    const chunk = this.#chunks.get(chunkIndex);
    this.#chunks.delete(chunkIndex);
    this.#dropUntil(chunkIndex);
    this.#credit = Math.min(this.#credit + 1, MAX_CREDIT);
    if (chunkIndex === this.#latest) this.#follow();
    this.#changes.notify();
    return chunk && withHeadroom(chunk);
  }

  /** The recipient follows no longer, for now: all chunks go. */
  end(): void {
    this.#isFollowed = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dropUntil(Infinity);
    this.#changes.notify();
  }

  get #isFull(): boolean {
    return this.#chunks.size >= TAIL_CHUNKS;
  }

  /** The recipient has come up to the upload. */
  #follow() {
    if (this.#isFollowed) return;
    this.#isFollowed = true;
    this.#publish("recipient follows");
  }

  /** The upload has waited once more for as long as a fast line takes for some chunks. */
  #charge() {
    this.#timer = undefined;
    if (!this.#isFull) return;
    this.#credit -= FAST_CHUNKS;
    if (this.#credit >= 0) return this.#changes.notify(); // It waits on, with a timer of its own.
    this.#publish("recipient let go");
    this.end();
  }

  #dropUntil(end: number) {
    for (const [chunkIndex, chunk] of this.#chunks) {
      if (chunkIndex >= end) return;
      this.#chunks.delete(chunkIndex);
      releaseBuffer(chunk);
    }
  }

  #publish(what: string) {
    if (!trace.relay.hasSubscribers) return;
    trace.relay.publish({ what, state: true, chunk: this.#latest });
  }
}
