import { createHash, type Hash } from "node:crypto";
import { type OwnedBytes, releaseBuffer } from "../../buffer_pool.ts";
import { Notify } from "../../notify.ts";
import { SEGMENT_BYTES } from "../../storage/checkpoint_pace.ts";
import { prefixDigest } from "./chunks.ts";
import type { Source } from "./source.ts";

/** Hash states that are kept; of more every second one goes, and the steps are twice as long. */
const MAX_STATES = 512;

/**
 * SHA-256 of the beginnings of a source, begun before it is needed: a receiver that has a part of a
 * transfer hashes that before it says how far it is (SPEC.md §8), and the sender need not wait for
 * it to do the same.
 */
export class EarlyDigest implements AsyncDisposable {
  readonly #source: Source;
  readonly #reader: ReadableStreamDefaultReader<OwnedBytes>;
  readonly #running: Promise<void>;
  readonly #changed = new Notify();
  /** The hash at places of the content stream, in ascending order; a digest goes on from one. */
  #states: { offset: number; hash: Hash }[] = [{ offset: 0, hash: createHash("sha256") }];
  #step = SEGMENT_BYTES;
  #readBytes = 0;
  #isOver = false;

  constructor(source: Source) {
    this.#source = source;
    this.#reader = source.stream(0).getReader();
    this.#running = this.#run().finally(() => {
      this.#isOver = true;
      this.#changed.notify();
    });
    this.#running.catch(() => {}); // It ends the waiting; reading again shows the error.
  }

  /** SHA-256 in hex of the content stream up to `offset`, as {@link Source.digest}. */
  async digest(offset: number): Promise<string> {
    while (!this.#isOver && this.#readBytes < offset) await this.#changed.wait();
    await this.stop(); // Two readers at once would halve each other's speed.
    const { offset: start, hash } = this.#states.findLast((state) => state.offset <= offset)!;
    if (start === offset) return hash.copy().digest("hex");
    return await prefixDigest(this.#source.stream(start), offset - start, hash.copy());
  }

  /** Reads no further. */
  async stop(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
    await this.#running.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const hash = createHash("sha256");
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      hash.update(value);
      this.#readBytes += value.length;
      releaseBuffer(value);
      if (this.#readBytes % this.#step === 0) this.#keep(hash);
      this.#changed.notify();
    }
  }

  #keep(hash: Hash) {
    this.#states.push({ offset: this.#readBytes, hash: hash.copy() });
    if (this.#states.length <= MAX_STATES) return;
    this.#step *= 2;
    this.#states = this.#states.filter(({ offset }) => offset % this.#step === 0);
  }
}
