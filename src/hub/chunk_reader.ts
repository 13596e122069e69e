import { takeBuffer } from "../buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../protocol/channel.ts";
import { TAG_BYTES } from "../secure/aead.ts";
import { SEALED_CHUNK_BYTES } from "../secure/sealed_stream.ts";
import type { SpooledTransfer } from "./spooled_transfer.ts";

/** Reads the sealed chunks of a transfer one after the other. */
export class ChunkReader implements Disposable {
  readonly #transfer: SpooledTransfer;
  #content: Deno.FsFile | undefined;
  /** The chunk that it stands at. */
  #at = 0;

  constructor(transfer: SpooledTransfer) {
    this.#transfer = transfer;
  }

  /**
   * A chunk that is here, behind the room for its frame's header. Only the last one may be short: {@link LostChunk} where
   * the disk has less than it should.
   */
  async read(chunk: number): Promise<Uint8Array> {
    const content = await this.#openAt(chunk);
    const buffer = takeBuffer(DATA_HEADROOM_BYTES + SEALED_CHUNK_BYTES);
    let filled = DATA_HEADROOM_BYTES;
    while (filled < buffer.length) {
      const rest = buffer.subarray(filled);
      // What is in memory is not worth a hop to another thread; the disk may take long, and the hub has other guests.
      const read = this.#transfer.isWarm(chunk) ? content.readSync(rest) : await content.read(rest);
      if (read === null) break;
      filled += read;
    }
    this.#at = chunk + 1;
    const isLast = chunk === this.#transfer.chunks - 1;
    const least = isLast ? DATA_HEADROOM_BYTES + TAG_BYTES : buffer.length;
    if (filled < least) throw new LostChunk();
    return buffer.subarray(0, filled);
  }

  async #openAt(chunk: number): Promise<Deno.FsFile> {
    try {
      this.#content ??= await this.#transfer.open();
    } catch (error) {
      throw error instanceof Deno.errors.NotFound ? new LostChunk() : error;
    }
    if (this.#at !== chunk) {
      await this.#content.seek(chunk * SEALED_CHUNK_BYTES, Deno.SeekMode.Start);
    }
    return this.#content;
  }

  [Symbol.dispose]() {
    this.#content?.close();
  }
}

/** A part of a transfer is no more on the hub's disk. */
export class LostChunk extends Error {}
