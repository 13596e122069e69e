import { createHash } from "node:crypto";
import { type OwnedBytes, releaseBuffer } from "../../buffer_pool.ts";
import { SEGMENT_BYTES } from "../../storage/part/part_record.ts";
import type { Source } from "./source.ts";

/**
 * SHA-256 of the beginnings of a source, begun before it is needed: a receiver that has a part of a
 * transfer hashes that before it says how far it is (SPEC.md §8), and the sender need not wait for
 * it to do the same.
 */
export class EarlyDigest implements AsyncDisposable {
  readonly #source: Source;
  readonly #digests = new Map<number, string>();
  readonly #reader: ReadableStreamDefaultReader<OwnedBytes>;
  readonly #running: Promise<void>;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(source: Source) {
    this.#source = source;
    this.#reader = source.stream(0).getReader();
    this.#running = this.#run().finally(() => {
      this.#isOver = true;
      this.#changed.resolve();
    });
    this.#running.catch(() => {}); // It ends the waiting; reading again shows the error.
  }

  /** SHA-256 in hex of the content stream up to `offset`, as {@link Source.digest}. */
  async digest(offset: number): Promise<string> {
    while (!this.#isOver && offset % SEGMENT_BYTES === 0 && !this.#digests.has(offset)) {
      await this.#changed.promise;
    }
    const known = this.#digests.get(offset);
    if (known !== undefined) return known;
    await this.stop(); // Two readers at once would halve each other's speed.
    return await this.#source.digest(offset);
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
    let offset = 0;
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      hash.update(value);
      offset += value.length;
      releaseBuffer(value);
      if (offset % SEGMENT_BYTES !== 0) continue;
      this.#digests.set(offset, hash.copy().digest("hex"));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}
