/**
 * A bound for the memory of sealed chunks that wait, whosever they are: it is counted, and who
 * brings more looks at it first.
 */
export class ChunkMemory {
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes that wait now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True where no more is to be brought. */
  get isFull(): boolean {
    return this.#bytes >= this.#mostBytes;
  }

  /** Counts `bytes` more where there is room for all of them; false where there is not. */
  tryHold(bytes: number): boolean {
    if (this.#bytes + bytes > this.#mostBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Counts `bytes` more, or less where they are negative. */
  hold(bytes: number): void {
    this.#bytes += bytes;
  }
}

/** All chunks that came in to this process and wait to be put away (SPEC.md §12): 64 MiB. */
export const chunksHeld = new ChunkMemory(64 * 2 ** 20);

/** What came before it was accepted, in all sessions of this process (SPEC.md §12): 16 MiB. */
export const flightsHeld = new ChunkMemory(16 * 2 ** 20);
