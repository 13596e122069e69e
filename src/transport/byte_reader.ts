import { P2pError } from "../errors.ts";
import type { ByteSource } from "./connection.ts";
import { lostConnection } from "./lost_connection.ts";

/** Reads exact numbers of bytes, up to a total that a stranger may make us read. */
export class ByteReader {
  readonly #source: ByteSource;
  /** All that was read; so small that nothing is moved in it. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #taken = 0;

  constructor(source: ByteSource, { maxBytes }: { maxBytes: number }) {
    this.#source = source;
    this.#bytes = new Uint8Array(maxBytes);
  }

  /**
   * The next `count` bytes. "connection" where the source ends or fails before, "protocol" over the
   * total of `maxBytes`.
   */
  async read(count: number): Promise<Uint8Array> {
    const end = this.#taken + count;
    if (end > this.#bytes.length) {
      throw new P2pError("protocol", "too many bytes before the session is open");
    }
    while (this.#filled < end) await this.#readMore();
    const taken = this.#bytes.subarray(this.#taken, end);
    this.#taken = end;
    return taken;
  }

  /** The bytes that were read from the source and not yet asked for. */
  get leftover(): Uint8Array {
    return this.#bytes.slice(this.#taken, this.#filled);
  }

  async #readMore() {
    const into = this.#bytes.subarray(this.#filled);
    const length = await this.#source.read(into).catch((cause) => {
      throw lostConnection(cause);
    });
    if (length === null) {
      throw new P2pError("connection", "the connection was closed before the session was open", {
        retry: true,
      });
    }
    this.#filled += length;
  }
}
