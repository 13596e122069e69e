import { takeBuffer } from "../../buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../../protocol/channel.ts";
import { TAG_BYTES } from "../../secure/aead.ts";
import { SEALED_CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { readFull } from "../../storage/file_system.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Reads the sealed chunks of a transfer one after the other. */
export class ChunkReader implements Disposable {
  readonly #transfer: SpooledTransfer;
  #content: { file: Deno.FsFile; quick: AdaptiveFile } | undefined;
  /** The chunk that it stands at. */
  #at = 0;

  constructor(transfer: SpooledTransfer) {
    this.#transfer = transfer;
  }

  /**
   * A chunk that is here, behind the room for its frame's header. Only the last one may be short:
   * {@link LostChunk} where the disk has less than it should.
   */
  async read(chunk: number): Promise<Uint8Array> {
    const live = this.#transfer.tail?.take(chunk);
    if (live !== undefined) return live;
    const { file, quick } = await this.#openAt(chunk);
    const buffer = takeBuffer(DATA_HEADROOM_BYTES + SEALED_CHUNK_BYTES);
    // The disk may take long, and the hub has other guests.
    const source = this.#transfer.isWarm(chunk) ? quick : file;
    const filled = DATA_HEADROOM_BYTES +
      await readFull(source, buffer.subarray(DATA_HEADROOM_BYTES));
    this.#at = chunk + 1;
    const isLast = chunk === this.#transfer.chunks - 1;
    const least = isLast ? DATA_HEADROOM_BYTES + TAG_BYTES : buffer.length;
    if (filled < least) throw new LostChunk();
    return buffer.subarray(0, filled);
  }

  async #openAt(chunk: number) {
    const content = this.#content ??= await this.#open();
    if (this.#at !== chunk) {
      await content.file.seek(chunk * SEALED_CHUNK_BYTES, Deno.SeekMode.Start);
    }
    return content;
  }

  async #open() {
    try {
      const file = await this.#transfer.open();
      return { file, quick: new AdaptiveFile(file) };
    } catch (error) {
      throw error instanceof Deno.errors.NotFound ? new LostChunk() : error;
    }
  }

  [Symbol.dispose]() {
    this.#content?.file.close();
  }
}

/** A part of a transfer is no more on the hub's disk. */
export class LostChunk extends Error {}
