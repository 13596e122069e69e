import { type OwnedBytes, releaseBuffer } from "../../buffer_pool.ts";
import { BroadcastPacer } from "./broadcast_pacer.ts";
import { TailBuffer } from "./tail_buffer.ts";

/**
 * The latest chunks are in the system's memory still: 1 GiB of each upload, until a minute after
 * the last one came.
 */
const WARM_CHUNKS = 4_096;
const WARM_MS = 60_000;

/**
 * The way from an upload to the recipients that follow it: the only one gets chunks from memory
 * ({@link TailBuffer}), several take turns ({@link BroadcastPacer}). It also knows which chunks can
 * be read without waiting for the disk.
 */
export class LiveFeed {
  readonly #pacer: BroadcastPacer | undefined;
  readonly #tail: TailBuffer | undefined;
  /** Index behind the latest chunk. */
  #end = 0;
  /** Time of the latest chunk, by `performance.now()`. */
  #pushedAt = -Infinity;
  /** Index of the first chunk that came without a pause in which it could get cold. */
  #warmFrom = 0;

  constructor({ recipients }: { recipients: number }) {
    if (recipients === 1) this.#tail = new TailBuffer();
    else this.#pacer = new BroadcastPacer();
  }

  /** True where the upload writes its chunks at once: the pace of several needs the pause. */
  get isQuick(): boolean {
    return this.#tail !== undefined;
  }

  /** A run of the sender begins at `chunkIndex`. */
  begin(chunkIndex: number): void {
    if (!this.#isRecent) this.#warmFrom = chunkIndex;
    this.#end = chunkIndex;
  }

  /**
   * Takes a chunk that can be read from the spool as well, and its memory; `more` says that the
   * next one is here.
   */
  push(chunkIndex: number, chunk: OwnedBytes, { more }: { more: boolean }): void {
    if (this.#tail === undefined) releaseBuffer(chunk);
    else this.#tail.push(chunkIndex, chunk);
    this.#end = chunkIndex + 1;
    this.#pushedAt = performance.now();
    this.#pacer?.arrived({ more });
  }

  /** Resolves when the upload may go on: the only recipient is near, or slow enough to be left. */
  room(): Promise<void> | undefined {
    return this.#tail?.room();
  }

  /** No more chunks come for now: nobody waits, and memory is given back. */
  end(): void {
    this.#pacer?.end();
    this.#tail?.end();
  }

  /** Resolves when a recipient may be sent something. */
  turn(): Promise<void> | undefined {
    return this.#pacer?.turn();
  }

  /**
   * A chunk from memory, behind the room for its frame's header; undefined where it is to be read.
   */
  take(chunkIndex: number): OwnedBytes | undefined {
    return this.#tail?.take(chunkIndex);
  }

  /** True where a chunk was written not long ago, so that reading it hardly waits for the disk. */
  isWarm(chunkIndex: number): boolean {
    return this.#isRecent && chunkIndex >= this.#warmFrom && this.#end - chunkIndex <= WARM_CHUNKS;
  }

  /** A recipient comes; it follows until it is disposed of. */
  follow(): Disposable {
    this.#tail?.follow();
    return { [Symbol.dispose]: () => this.#tail?.end() };
  }

  get #isRecent(): boolean {
    return performance.now() - this.#pushedAt < WARM_MS;
  }
}
