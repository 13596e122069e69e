import { P2pError } from "../errors.ts";
import { SEALED_CHUNK_BYTES } from "../secure/sealed_stream.ts";
import type { Channel } from "./channel.ts";
import { DATA_HEADROOM_BYTES } from "./channel.ts";
import type { Message } from "./messages.ts";

/** Sealed bytes of one exchange that may be on their way (SPEC.md §11). */
export const WINDOW_BYTES = 4 * 2 ** 20;

const CREDIT_STEP_BYTES = WINDOW_BYTES / 2;
const MAX_WAITING_MESSAGES = 64;

type ExchangeMessage = Extract<Message, { exchange: number }>;

/** A message of an exchange without the number, which the exchange fills in. */
export type Unnumbered<M = ExchangeMessage> = M extends unknown ? Omit<M, "exchange"> : never;

/** What an exchange works with. */
export interface ExchangeOptions {
  channel: Channel;
  /** Is told when there are fewer {@link Exchange.waitingBytes}. */
  onTaken: () => void;
  onEnd: () => void;
}

/** One numbered conversation of a session: its messages, and sealed chunks in both directions under credit. */
export class Exchange {
  readonly number: number;
  /** Made when they are asked for: most exchanges have no data, and a hub keeps one open for each who is joined. */
  #data: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;
  #channel: Channel;
  #onTaken: () => void;
  #onEnd: () => void;
  #failure: P2pError | undefined;
  #messages: Message[] = [];
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #dropsChunks = false;
  #dataEnded = false;
  #shortSeen = false;
  #cancelled = false;
  #wakeMessage = () => {};
  #wakeChunk = () => {};
  #wakeCredit = () => {};
  #credit = WINDOW_BYTES;
  #granted = WINDOW_BYTES;
  #consumed = 0;

  constructor(number: number, { channel, onTaken, onEnd }: ExchangeOptions) {
    this.number = number;
    this.#channel = channel;
    this.#onTaken = onTaken;
    this.#onEnd = onEnd;
  }

  /** Sealed chunks from the other side, one a frame, to its `end`. What is read here is granted again as credit. */
  get data(): ReadableStream<Uint8Array> {
    return this.#data ??= new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#dropChunks(),
    }, { highWaterMark: 0 });
  }

  /** Bytes of sealed chunks that wait for whoever reads {@link data}; 0 where nobody has begun to, which credit bounds. */
  get waitingBytes(): number {
    return this.#data === undefined ? 0 : this.#waitingBytes;
  }

  /**
   * Sealed chunks to the other side, each with `DATA_HEADROOM_BYTES` free in front; waits for credit; `end` follows. After
   * a `cancel` of either side chunks are dropped, so that no pipe waits for credit that will not come.
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream({
      write: (chunk) => this.#write(chunk),
      close: () => this.#writeEnd(),
    });
  }

  /** Sends one message of this exchange. */
  send(message: Unnumbered): Promise<void> {
    if (message.type === "cancel") {
      this.#dropWrites();
      this.#dropChunks();
    }
    return this.#channel.send({ ...message, exchange: this.number } as ExchangeMessage);
  }

  /** The next message of the other side; rejects with the session's error when that ends before. */
  async receive(): Promise<Message> {
    while (this.#messages.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakeMessage = resolve);
    }
    return this.#messages.shift()!;
  }

  /** Whether nothing more can come: its session has failed, or it was ended here. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** Forgets the exchange: what still arrives for it is dropped. */
  end(): void {
    this.fail(new P2pError("connection", "the exchange is over"));
    this.#onEnd();
  }

  /** Takes a message from the session. */
  pushMessage(message: Message): void {
    if (message.type === "credit") {
      this.#credit += message.bytes;
      return this.#wakeCredit();
    }
    if (message.type === "end") {
      this.#dataEnded = true;
      return this.#wakeChunk();
    }
    if (this.#messages.length === MAX_WAITING_MESSAGES) {
      throw new P2pError(
        "protocol",
        `more than ${MAX_WAITING_MESSAGES} messages wait on exchange ${this.number}`,
      );
    }
    if (message.type === "cancel") this.#dropWrites();
    this.#messages.push(message);
    this.#wakeMessage();
  }

  /** Takes a sealed chunk from the session. "protocol" where it was not granted, or follows the last. */
  pushChunk(chunk: Uint8Array): void {
    if (this.#dataEnded || this.#shortSeen) {
      throw new P2pError("protocol", `exchange ${this.number} sent data after its end`);
    }
    this.#shortSeen = chunk.length < SEALED_CHUNK_BYTES; // Many small ones would cost more than their bytes.
    this.#granted -= chunk.length;
    if (this.#granted < 0) {
      throw new P2pError(
        "protocol",
        `exchange ${this.number} sent ${-this.#granted} bytes more than it was granted`,
      );
    }
    if (this.#dropsChunks) return;
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#wakeChunk();
  }

  /** Ends every wait with `failure`. */
  fail(failure: P2pError): void {
    this.#failure ??= failure;
    this.#wakeMessage();
    this.#wakeChunk();
    this.#wakeCredit();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>) {
    while (this.#chunks.length === 0) {
      if (this.#dataEnded) return controller.close();
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wakeChunk = resolve);
    }
    const chunk = this.#chunks.shift()!;
    this.#waitingBytes -= chunk.length;
    this.#onTaken();
    this.#consumed += chunk.length;
    if (this.#consumed >= CREDIT_STEP_BYTES) this.#grant();
    controller.enqueue(chunk);
  }

  #grant() {
    const bytes = this.#consumed;
    this.#granted += bytes;
    this.#consumed = 0;
    this.send({ type: "credit", bytes }).catch(() => {}); // A lost connection shows at the reading side.
  }

  async #write(buffer: Uint8Array) {
    const bytes = buffer.length - DATA_HEADROOM_BYTES;
    while (!this.#cancelled && this.#failure === undefined && this.#credit < bytes) {
      await new Promise<void>((resolve) => this.#wakeCredit = resolve);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#cancelled) return;
    this.#credit -= bytes;
    await this.#channel.sendData(this.number, buffer);
  }

  async #writeEnd() {
    if (!this.#cancelled) await this.send({ type: "end" });
  }

  /** Nobody will read them: what is here goes, and what still comes. */
  #dropChunks() {
    this.#dropsChunks = true;
    this.#chunks = [];
    this.#waitingBytes = 0;
    this.#onTaken();
  }

  #dropWrites() {
    this.#cancelled = true;
    this.#wakeCredit();
  }
}
