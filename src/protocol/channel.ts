import { handOver, type OwnedBytes, releaseBuffer } from "../buffer_pool.ts";
import { type Clock, systemClock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import { RecordCipher } from "../secure/record_cipher.ts";
import type { Address } from "../transport/address.ts";
import type { Connection } from "../transport/connection.ts";
import {
  EXCHANGE_BYTES,
  FRAME,
  type Frame,
  FRAME_HEADER_BYTES,
  readFrames,
  writeFrameHeader,
} from "../transport/frame.ts";
import { lostConnection } from "../transport/lost_connection.ts";
import type { Handshake, HandshakeEnd } from "./handshake.ts";
import { Liveness } from "./liveness.ts";
import { decodeMessage, encodeMessage, type Message, type UnknownMessage } from "./messages.ts";

/**
 * Bytes that `sendData` wants free in front of `flags ‖ sealed chunk`, so that frame and chunk are
 * one buffer.
 */
export const DATA_HEADROOM_BYTES = FRAME_HEADER_BYTES + EXCHANGE_BYTES;

/** `flags ‖ sealed chunk` that came in, with what is free in front of it: `sendData` takes it as it is. */
export function withHeadroom({ buffer, byteOffset, length }: OwnedBytes): OwnedBytes {
  const start = byteOffset - DATA_HEADROOM_BYTES;
  return handOver(new Uint8Array(buffer, start, DATA_HEADROOM_BYTES + length));
}

/** Time that a side that closes goes on reading, so that its last words are not lost to a reset. */
const LINGER_MS = 2_000;

/** Bytes that come in meanwhile and are dropped at once. */
const DRAIN_BYTES = 65_536;

/** A message that came in, or `flags ‖ sealed chunk` of an exchange. */
export type Incoming =
  | Message
  | UnknownMessage
  | { type: "data"; exchange: number; chunk: OwnedBytes };

/**
 * A connection after its handshake: messages as encrypted records, sealed chunks as data frames
 * (SPEC.md §5, §6).
 */
export class Channel {
  readonly liveness: Liveness;
  #conn: Connection;
  #clock: Clock;
  #send: RecordCipher;
  #receive: RecordCipher;
  readonly #handshakeEnd: Promise<HandshakeEnd>;
  #reading = false;
  #closing = false;
  #aborted = Promise.withResolvers<void>();

  #linger: Disposable | undefined;
  #movedAt: number;

  constructor(conn: Connection, handshake: Handshake, { clock = systemClock } = {}) {
    this.#conn = conn;
    this.#clock = clock;
    this.liveness = new Liveness(clock);
    this.#movedAt = clock.now();
    this.#send = new RecordCipher(handshake.send);
    this.#receive = new RecordCipher(handshake.receive);
    this.#handshakeEnd = handshake.end;
  }

  /**
   * Everything that arrives, in order, to the end of the connection. "protocol" for what SPEC.md
   * does not allow.
   */
  async *incoming(): AsyncGenerator<Incoming> {
    this.#reading = true;
    try {
      const { proof, leftover } = await this.#handshakeEnd;
      for await (const frame of this.#frames(leftover)) {
        if (this.#closing) continue;
        const incoming = this.#decode(frame);
        if (typeof proof === "object") checkLastWord(incoming);
        this.liveness.took({ isPong: incoming.type === "pong" });
        yield incoming;
      }
    } catch (error) {
      if (!this.#closing) throw error instanceof P2pError ? error : lostConnection(error);
      await this.#drain().catch(() => {}); // Whatever it is, it comes behind our last words.
    } finally {
      this.#reading = false;
    }
  }

  /** Sends one message. "connection" where the connection is gone. */
  async send(message: Message): Promise<void> {
    const record = this.#send.seal(encodeMessage(message));
    const frame = new Uint8Array(FRAME_HEADER_BYTES + record.length);
    writeFrameHeader(frame, 0, { type: FRAME.record, length: record.length });
    frame.set(record, FRAME_HEADER_BYTES);
    // Credit that is due because nothing was said for long is for what has moved before.
    const isNews = !isKeepAlive(message) && message.type !== "credit";
    if (isNews) this.#movedAt = this.#clock.now();
    this.liveness.said({ isPong: message.type === "pong" });
    await this.#write(frame);
  }

  /**
   * Sends `flags ‖ sealed chunk` that starts at {@link DATA_HEADROOM_BYTES} of `buffer`, and
   * releases that when the connection has taken it.
   */
  async sendData(exchange: number, buffer: OwnedBytes): Promise<void> {
    writeFrameHeader(buffer, 0, { type: FRAME.data, length: buffer.length - FRAME_HEADER_BYTES });
    new DataView(buffer.buffer, buffer.byteOffset).setUint32(FRAME_HEADER_BYTES, exchange);
    this.liveness.said({ isPong: false });
    await this.#write(buffer);
    this.#movedAt = this.#clock.now();
    releaseBuffer(buffer);
  }

  /** The other end, as far as this one can see. */
  get remoteAddress(): Address {
    return this.#conn.remoteAddress;
  }

  /** True where this end's own address is gone from its machine. */
  get isStranded(): boolean {
    return this.#conn.isStranded;
  }

  /** The time at which anything but a ping or a pong last came or went, by the channel's clock. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /**
   * Says `lastWords` and closes after they have left; all that still comes in is dropped. It breaks
   * off where that takes too long.
   */
  async close(lastWords?: Message): Promise<void> {
    if (this.#closing) return;
    const said = lastWords && this.send(lastWords);
    this.#closing = true;
    this.#linger = this.#clock.after(LINGER_MS, () => this.abort());
    // Older runtimes leave a write without an end where the connection is closed under it.
    await Promise.race([this.#leave(said), this.#aborted.promise]);
  }

  /** Closes at once. */
  abort(): void {
    this.#closing = true;
    this.#linger?.[Symbol.dispose]();
    this.#aborted.resolve();
    this.#conn.close();
  }

  async #leave(said: Promise<void> | undefined) {
    try {
      await said;
      await this.#conn.closeWrite();
      if (!this.#reading) await this.#drain();
    } catch {
      this.abort();
    }
  }

  /**
   * Reads on to the end: a connection closed with bytes unread is reset, and our last words could
   * be lost with it.
   */
  async #drain() {
    const scrap = new Uint8Array(DRAIN_BYTES);
    while (await this.#conn.read(scrap) !== null);
  }

  #frames(leftover: Uint8Array): AsyncGenerator<Frame> {
    return readFrames(this.#conn, {
      leftover,
      onRead: (type) => {
        this.liveness.heard();
        if (type === FRAME.data) this.#movedAt = this.liveness.heardAt;
      },
    });
  }

  #decode({ type, body }: Frame): Incoming {
    if (type === FRAME.record) {
      const message = decodeMessage(this.#receive.open(body));
      if (!isKeepAlive(message)) this.#movedAt = this.#clock.now();
      return message;
    }
    const exchange = new DataView(body.buffer, body.byteOffset).getUint32(0);
    return { type: "data", exchange, chunk: handOver(body.subarray(EXCHANGE_BYTES)) };
  }

  async #write(frame: Uint8Array) {
    // A write after the end of our half would close the other half as well.
    if (this.#closing) throw lostConnection();
    try {
      await this.#conn.write(frame);
    } catch (error) {
      throw lostConnection(error);
    }
  }
}

/** Whoever was not taken, or was not let try, hears nothing but why (SPEC.md §4). */
function checkLastWord({ type }: Incoming) {
  if (type !== "goodbye") throw new P2pError("protocol", `"${type}" behind a refusal`);
}

function isKeepAlive({ type }: { type: string }): boolean {
  return type === "ping" || type === "pong";
}
