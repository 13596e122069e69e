import { P2pError } from "../errors.ts";
import { lostConnection } from "./lost_connection.ts";

/** Reads exact numbers of bytes from a stream, up to a total that a stranger may make us read. */
export class ByteReader {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held = new Uint8Array();
  #left: number;

  constructor(stream: ReadableStream<Uint8Array>, { maxBytes }: { maxBytes: number }) {
    this.#reader = stream.getReader();
    this.#left = maxBytes;
  }

  /** The next `count` bytes. "connection" where the stream ends or fails before, "protocol" over the total of `maxBytes`. */
  async read(count: number): Promise<Uint8Array> {
    this.#left -= count;
    if (this.#left < 0) throw new P2pError("protocol", "too many bytes before the session is open");
    while (this.#held.length < count) {
      const { value, done } = await this.#reader.read().catch((cause) => {
        throw lostConnection(cause);
      });
      if (done) {
        throw new P2pError("connection", "the connection was closed before the session was open");
      }
      this.#held = concat(this.#held, value);
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Gives the stream back; returns the bytes that were read from it and not yet asked for. */
  release(): Uint8Array {
    this.#reader.releaseLock();
    return this.#held;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
