import { handOver, type OwnedBytes, takeBuffer } from "../../buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../../protocol/channel.ts";
import { TAG_BYTES } from "../../secure/aead.ts";
import { SEALED_CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import { readFull } from "../../storage/file_system.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Reads the sealed chunks of a transfer one after the other. */
export class ChunkReader implements Disposable {
  readonly #transfer: SpooledTransfer;
  #content: { file: Deno.FsFile; quick: AdaptiveFile } | undefined;
  /** Index of the chunk that the file stands at. */
  #at = 0;

  constructor(transfer: SpooledTransfer) {
    this.#transfer = transfer;
  }

  /**
   * A chunk that is here, behind the room for its frame's header. Only the last one may be short:
   * {@link LostChunk} where the disk has less than it should.
   */
  async read(chunkIndex: number): Promise<OwnedBytes> {
    const { feed, upload } = this.#transfer;
    const live = feed.take(chunkIndex);
    if (live !== undefined) return live;
    const { file, quick } = await this.#openAt(chunkIndex);
    const chunk = takeBuffer(DATA_HEADROOM_BYTES + SEALED_CHUNK_BYTES);
    // The disk may take long, and the hub has other guests.
    const source = feed.isWarm(chunkIndex) ? quick : file;
    const length = await readFull(source, chunk.subarray(DATA_HEADROOM_BYTES));
    this.#at = chunkIndex + 1;
    const isLast = chunkIndex === upload.chunks - 1;
    if (length < (isLast ? TAG_BYTES : SEALED_CHUNK_BYTES)) throw new LostChunk();
    return handOver(chunk.subarray(0, DATA_HEADROOM_BYTES + length));
  }

  async #openAt(chunkIndex: number) {
    const content = this.#content ??= await this.#open();
    if (this.#at !== chunkIndex) {
      await content.file.seek(chunkIndex * SEALED_CHUNK_BYTES, Deno.SeekMode.Start);
    }
    return content;
  }

  async #open() {
    try {
      const file = await this.#transfer.upload.open();
      return { file, quick: new AdaptiveFile(file) };
    } catch (error) {
      throw error instanceof Deno.errors.NotFound ? new LostChunk() : error;
    }
  }

  [Symbol.dispose]() {
    this.#content?.file.close();
  }
}

/** A part of a transfer is no longer on the hub's disk. */
export class LostChunk extends Error {}
