import { releaseBuffer } from "../../buffer_pool.ts";
import { withHeadroom } from "../../protocol/channel.ts";
import { FAST_CHUNKS, FAST_MS } from "./broadcast_pacer.ts";

/** Chunks that wait for the receiver before the upload does: a mebibyte. */
export const TAIL_CHUNKS = 4;

/**
 * What a receiver that was fast has in hand, in chunks: it may stand still for half a second before
 * it is let go.
 */
const MOST_CREDIT = 5 * FAST_CHUNKS;

/**
 * The latest chunks of an upload that has one receiver. While that is fast, the upload waits for it
 * where need be, so that each chunk goes on from memory and none is read from the disk again. A
 * receiver that is slower is let go: it reads from the spool, and costs neither memory nor the
 * sender's time.
 */
export class TailBuffer {
  readonly #chunks = new Map<number, Uint8Array>();
  #latest = -1;
  #isFollowed = false;
  /** Chunks that were taken, without those that had to be while the upload waited. */
  #credit = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake = () => {};

  /** The receiver is about to come. */
  follow(): void {
    this.#isFollowed = true;
    this.#credit = FAST_CHUNKS;
  }

  /** Takes chunk number `at`, which can be read from the spool as well, and its memory. */
  push(at: number, chunk: Uint8Array): void {
    this.#latest = at;
    if (this.#isFollowed) this.#chunks.set(at, chunk);
    else releaseBuffer(chunk);
  }

  /** Resolves when there is room for more, or nobody to wait for. */
  async room(): Promise<void> {
    while (this.#isFull) {
      this.#timer ??= setTimeout(() => this.#charge(), FAST_MS);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /**
   * Chunk number `at` behind the room for its frame's header, with its memory; undefined where it
   * is to be read.
   */
  take(at: number): Uint8Array | undefined {
    const chunk = this.#chunks.get(at);
    this.#chunks.delete(at);
    this.#dropUntil(at);
    this.#credit = Math.min(this.#credit + 1, MOST_CREDIT);
    if (at === this.#latest) this.#isFollowed = true;
    this.#wake();
    return chunk && withHeadroom(chunk);
  }

  /** Nobody follows for now: what is here goes. */
  end(): void {
    this.#isFollowed = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dropUntil(Infinity);
    this.#wake();
  }

  get #isFull(): boolean {
    return this.#chunks.size >= TAIL_CHUNKS;
  }

  /** The upload has waited once more for as long as a fast line takes for some chunks. */
  #charge() {
    this.#timer = undefined;
    if (!this.#isFull) return;
    this.#credit -= FAST_CHUNKS;
    if (this.#credit < 0) this.end();
    else this.#wake(); // It waits on, with a timer of its own.
  }

  #dropUntil(end: number) {
    for (const [at, chunk] of this.#chunks) {
      if (at >= end) return;
      this.#chunks.delete(at);
      releaseBuffer(chunk);
    }
  }
}
