import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { concat } from "../../src/bytes.ts";
import { seal } from "../../src/secure/aead.ts";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import { type Handshake, initiate } from "../../src/protocol/handshake.ts";
import { decodeMessage, type Message, type MessageType } from "../../src/protocol/messages.ts";
import { RecordCipher } from "../../src/secure/record_cipher.ts";
import { CHUNK_BYTES, deriveDataKey, SealStream } from "../../src/secure/sealed_stream.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { FLAG, sealedBytes } from "../../src/transport/chunk_flags.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";

/** The messages that a peer which sends has to wait for; all the others pass by. */
const ANSWERS: readonly MessageType[] = [
  "accept",
  "already",
  "refuse",
  "receipt",
  "cancel",
  "goodbye",
];

/** The types of a frame, and the bytes of its header (SPEC.md §5). */
const RECORD = 0;
const DATA = 1;
const HEADER_BYTES = 4;

/** The fields of an offer, as a raw peer may choose them; no type of ours is in its way. */
export type RawOffer = Record<string, unknown> & {
  exchange: number;
  transfer: string;
  key: string;
};

/** A peer that has shaken hands as it should, and from then on says whatever the test wants, in frames of its own. */
export class RawPeer implements Disposable {
  readonly #conn: Connection;
  readonly #send: RecordCipher;
  readonly #receive: RecordCipher;
  readonly #buffer = new Uint8Array(65_536);
  #held: Uint8Array;
  #lastExchange = -1;

  /** Connects to the hub on `port` of this machine, with a new key where none is given, and waits for nothing. */
  static async connect(
    port: number,
    { name = "mallory", keyPair, secret, hostname = "127.0.0.1" }: {
      name?: string;
      keyPair?: IdentityKeys;
      /** For a hub that wants one; a wrong one is answered by a goodbye. */
      secret?: string;
      hostname?: string;
    } = {},
  ): Promise<RawPeer> {
    const conn = new TcpConnection(await Deno.connect({ hostname, port }));
    const checkKey = () => Promise.resolve();
    const keys = keyPair ?? await identityKeys();
    try {
      const handshake = await initiate(conn, { keyPair: keys, name, checkKey, secret });
      return new RawPeer(conn, handshake, (await handshake.end).leftover);
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  constructor(conn: Connection, handshake: Handshake, leftover: Uint8Array) {
    this.#conn = conn;
    this.#send = new RecordCipher(handshake.send);
    this.#receive = new RecordCipher(handshake.receive);
    this.#held = leftover;
  }

  /** The next message from the other side; undefined at the end of the connection, however it came. */
  async receive(): Promise<Message | undefined> {
    const header = await this.#read(HEADER_BYTES);
    const body = header && await this.#read(header.readUIntBE(1, 3));
    if (body === undefined) return undefined;
    return header![0] === RECORD
      ? decodeMessage(this.#receive.open(body)) as Message
      : this.receive();
  }

  /** The next message that answers something, or says that it is over. */
  async answer(): Promise<Message | undefined> {
    let message = await this.receive();
    while (message !== undefined && !ANSWERS.includes(message.type)) message = await this.receive();
    return message;
  }

  /** Sends a message, whether the specification knows it or not. */
  send(message: object): Promise<void> {
    return this.sendText(JSON.stringify(message));
  }

  /** Sends a record of any text. */
  sendText(text: string): Promise<void> {
    return this.sendFrame(RECORD, this.#send.seal(new TextEncoder().encode(text)));
  }

  /** Sends a record of any text; the answer to it. */
  async ask(text: string): Promise<Message | undefined> {
    await this.sendText(text);
    return await this.answer();
  }

  /** Sends a data frame; the answer to it. */
  async askData(exchange: number, chunk: Uint8Array): Promise<Message | undefined> {
    await this.sendData(exchange, chunk);
    return await this.answer();
  }

  /** Sends a data frame of `flags ‖ sealed chunk`. */
  sendData(exchange: number, chunk: Uint8Array): Promise<void> {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(exchange);
    return this.sendFrame(DATA, Buffer.concat([number, chunk]));
  }

  /** Sends a frame of any type, with a length that may lie. */
  sendFrame(type: number, body: Uint8Array, length = body.length): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(type * 2 ** 24 + length);
    return this.#conn.write(Buffer.concat([header, body])).catch(() => {}); // They may have had enough.
  }

  /** An offer of `size` bytes in the next exchange, with `changes`. */
  offerOf(size: number | null, changes: Record<string, unknown> = {}): RawOffer {
    return {
      type: "offer",
      exchange: this.#lastExchange += 2,
      transfer: randomBytes(16).toString("hex"),
      name: "from mallory",
      kind: "file",
      size,
      folder: false,
      files: 1,
      modified: null,
      executable: false,
      text: false,
      key: randomBytes(32).toString("base64url"),
      ...changes,
    };
  }

  /** Offers and, where that is accepted, sends `content` as it should be; the answer to either. */
  async deliver(
    content: Uint8Array,
    changes: Record<string, unknown> = {},
  ): Promise<Message | undefined> {
    const offer = this.offerOf(content.length, changes);
    await this.send(offer);
    const accepted = await this.answer();
    return accepted?.type === "accept" ? await this.attempt(offer, content) : accepted;
  }

  /** Begins, and sends all of `content` in chunks that `tamper` may change; the answer. */
  async attempt(
    { exchange, ...offer }: RawOffer,
    content: Uint8Array,
    { offset = 0, tamper = (chunks) => chunks, pack }: {
      offset?: number;
      /** Packs each chunk, or what it says is one. */
      pack?: (chunk: Uint8Array) => Uint8Array;
      tamper?: (chunks: Uint8Array[]) => Uint8Array[];
    } = {},
  ): Promise<Message | undefined> {
    const salt = randomBytes(32);
    await this.send({ type: "begin", exchange, offset, salt: salt.toString("base64url") });
    const chunks = await sealedChunks(content.subarray(offset), { ...offer, salt, offset, pack });
    let credit = WINDOW_BYTES;
    for (const chunk of tamper(chunks)) {
      while (credit < sealedBytes(chunk)) {
        const message = await this.receive();
        if (message?.type !== "credit") return message;
        credit += message.bytes;
      }
      credit -= sealedBytes(chunk);
      await this.sendData(exchange, chunk);
    }
    await this.send({ type: "end", exchange });
    return await this.answer();
  }

  [Symbol.dispose]() {
    this.#conn.close();
  }

  /** The next bytes; undefined where the connection ends before. */
  async #read(count: number): Promise<Buffer | undefined> {
    while (this.#held.length < count) {
      const read = await this.#conn.read(this.#buffer).catch(() => null);
      if (read === null) return undefined;
      this.#held = Buffer.concat([this.#held, this.#buffer.subarray(0, read)]);
    }
    const taken = Buffer.from(this.#held.subarray(0, count));
    this.#held = this.#held.subarray(count);
    return taken;
  }
}

/** The sealed stream of SPEC.md §9: `flags ‖ sealed chunk` each. */
export function sealedChunks(
  content: Uint8Array,
  { key, transfer, salt, offset, pack }: {
    key: string;
    transfer: string;
    salt: Uint8Array;
    offset: number;
    pack?: ((chunk: Uint8Array) => Uint8Array) | undefined;
  },
): Promise<Uint8Array[]> {
  const transferId = Buffer.from(transfer, "hex");
  const dataKey = deriveDataKey(Buffer.from(key, "base64url"), { salt, transferId, offset });
  const pieces = Array.from(
    { length: Math.ceil(content.length / CHUNK_BYTES) },
    (_, i) => content.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
  );
  if (pack !== undefined) return Promise.resolve(sealedPacked(pieces.map(pack), dataKey));
  return Array.fromAsync(ReadableStream.from(pieces).pipeThrough(new SealStream(dataKey)));
}

function sealedPacked(packed: Uint8Array[], key: Uint8Array): Uint8Array[] {
  return packed.map((chunk, i) => {
    const flags = FLAG.packed | (i === packed.length - 1 ? FLAG.last : 0);
    const nonce = Uint8Array.from([...new Uint8Array(10), i, flags]);
    return concat([Uint8Array.of(flags), seal(key, nonce, chunk)]);
  });
}
