import type { ArchiveEvent } from "./archive_decoder.ts";
import { ArchiveDecoder } from "./archive_decoder.ts";

/** Bytes of a manifest that are read at once. */
const READ_BYTES = 131_072;

/**
 * Reads back a manifest, which is an archive without the contents of its files (SPEC.md §14), up to
 * `limit` bytes of the archive: events, and between them contents that have to be passed over.
 */
export class ManifestReader implements Disposable {
  readonly decoder = new ArchiveDecoder();
  readonly #file: Deno.FsFile;
  readonly #limit: number;
  #read: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(path: string, { limit = Infinity }: { limit?: number } = {}) {
    this.#file = Deno.openSync(path);
    this.#limit = limit;
  }

  /** Bytes of the archive that were passed. */
  get at(): number {
    return this.#at;
  }

  /** Bytes of content that come next; 0 at the end. */
  get contentLeft(): number {
    return Math.min(this.decoder.contentLeft, this.#limit - this.#at);
  }

  /** Events up to the next content, or to the end. Bytes of frames are good until the next. */
  *events(): Generator<ArchiveEvent> {
    while (this.contentLeft === 0) {
      const bytes = this.#next(Math.min(this.decoder.frameLeft, this.#limit - this.#at));
      if (bytes.length === 0) return;
      this.#at += bytes.length;
      yield* this.decoder.push(bytes);
    }
  }

  /** Passes over content. */
  skip(length: number): void {
    this.decoder.skip(length);
    this.#at += length;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #next(length: number): Uint8Array {
    if (this.#read.length === 0 && length > 0) {
      const buffer = new Uint8Array(READ_BYTES);
      this.#read = buffer.subarray(0, this.#file.readSync(buffer) ?? 0);
    }
    const bytes = this.#read.subarray(0, length);
    this.#read = this.#read.subarray(bytes.length);
    return bytes;
  }
}
