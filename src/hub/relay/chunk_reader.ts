import { handOver, type OwnedBytes, takeBuffer } from "../../buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../../protocol/channel.ts";
import { TAG_BYTES } from "../../secure/aead.ts";
import { SEALED_CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { FLAG, FLAGS_BYTES } from "../../transport/chunk_flags.ts";
import { AdaptiveFile } from "../../storage/adaptive_file.ts";
import { readFull } from "../../storage/file_system.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Reads the chunks of a transfer one after the other. */
export class ChunkReader implements Disposable {
  readonly #transfer: SpooledTransfer;
  #content: { file: Deno.FsFile; quick: AdaptiveFile } | undefined;
  /** Index of the chunk that the file stands at. */
  #at = 0;

  constructor(transfer: SpooledTransfer) {
    this.#transfer = transfer;
  }

  /**
   * `flags ‖ sealed chunk` that is here, behind the room for its frame's header. Only the last one
   * may be short: {@link LostChunk} where the disk has less than it should.
   */
  async read(chunkIndex: number): Promise<OwnedBytes> {
    const { feed, upload } = this.#transfer;
    const live = feed.take(chunkIndex);
    if (live !== undefined) return live;
    const { file, quick } = await this.#openAt(chunkIndex);
    const start = DATA_HEADROOM_BYTES + FLAGS_BYTES;
    const chunk = takeBuffer(start + SEALED_CHUNK_BYTES);
    // The disk may take long, and the hub has other guests.
    const source = feed.isWarm(chunkIndex) ? quick : file;
    const length = await readFull(source, chunk.subarray(start));
    this.#at = chunkIndex + 1;
    const flags = upload.flagsOf(chunkIndex);
    const least = (flags & FLAG.last) === 0 ? SEALED_CHUNK_BYTES : TAG_BYTES;
    if (length < least) throw new LostChunk();
    chunk[DATA_HEADROOM_BYTES] = flags;
    return handOver(chunk.subarray(0, start + length));
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
