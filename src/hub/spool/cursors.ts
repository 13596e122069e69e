import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";

/** The place of each recipient in one transfer, by name, and who is being served now. */
export class Cursors {
  readonly #chunks = new Map<string, number>();
  readonly #serving = new Set<string>();

  /** Notes that the chunks before `chunkIndex` were sent. */
  advance(name: string, chunkIndex: number): void {
    this.#chunks.set(name, chunkIndex);
  }

  /** Content bytes that were sent so far; the last chunk counts as a full one. */
  bytesSent(name: string): number {
    return (this.#chunks.get(name) ?? 0) * CHUNK_BYTES;
  }

  /** Notes that a recipient is being served, until it is disposed of. */
  serve(name: string): Disposable {
    this.#serving.add(name);
    return { [Symbol.dispose]: () => void this.#serving.delete(name) };
  }

  /** True while {@link serve} lasts. */
  isServing(name: string): boolean {
    return this.#serving.has(name);
  }
}
