import type { OwnedBytes } from "../buffer_pool.ts";
import type { Clock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import { Notify } from "../notify.ts";
import { trace, type TraceEvent } from "../trace.ts";
import type { Channel } from "./channel.ts";
import type { ChunkMemory } from "./chunk_memory.ts";
import { FirstFlight } from "./first_flight.ts";
import { InboundStream } from "./inbound_stream.ts";
import type { Message, Opening } from "./messages.ts";
import type { ExchangeState } from "./session_state.ts";
import { OutboundStream } from "./outbound_stream.ts";
import type { Stall, Wait } from "./wait.ts";

const MAX_WAITING_MESSAGES = 64;

/**
 * Messages that only carry on what is under way: a trace does not take them for a change of state.
 */
const IN_PASSING: readonly Message["type"][] = [
  ...["envelope", "routed", "person", "presence", "entry", "pair"] as const,
  ...["credit", "end"] as const,
];

/** Answers after which nothing more of a run is read, or comes. */
const LAST_OF_A_RUN: readonly Message["type"][] = [
  "refuse",
  "already",
  "receipt",
  "answer",
  "stored",
  "cancel",
];

type ExchangeMessage = Extract<Message, { exchange: number }>;

/** A message of an exchange without the number, which the exchange fills in. */
export type Unnumbered<M = ExchangeMessage> = M extends unknown ? Omit<M, "exchange"> : never;

/** The place in the content stream at which a receiver goes on, and SHA-256 of what is before it. */
type Place = Pick<Message<"accept">, "offset" | "digest">;

/** All that an exchange works with. */
export interface ExchangeOptions {
  /** The number of its session, for traces. */
  session: number;
  channel: Channel;
  clock: Clock;
  /** Counts the chunks that wait, beside all others of the process. */
  memory: ChunkMemory;
  /** The message by which the other side has opened it. */
  opening?: Opening | undefined;
  /** Hears when there are fewer {@link Exchange.waitingBytes}. */
  onTaken: () => void;
  onEnd: () => void;
}

/**
 * One numbered conversation of a session: its messages, and sealed chunks in both directions under
 * credit.
 */
export class Exchange {
  readonly number: number;
  /** Hears when the other side has granted more. */
  onGranted: (() => void) | undefined;
  readonly #options: ExchangeOptions;
  readonly #inbound: InboundStream;
  readonly #outbound: OutboundStream;
  readonly #arrived = new Notify();
  #messages: Message[] = [];
  #topic: Message["type"] | undefined;
  #failure: P2pError | undefined;
  #wait: Wait | undefined;

  constructor(number: number, options: ExchangeOptions) {
    this.number = number;
    this.#options = options;
    const { channel, clock, memory, opening, onTaken } = options;
    const flight = hasFlight(opening) ? new FirstFlight(number) : undefined;
    this.#inbound = new InboundStream({
      ...{ number, clock, memory, flight, onTaken },
      // A lost connection shows at the reading side.
      grant: (bytes, wider) => void this.send({ type: "credit", bytes, wider }).catch(() => {}),
    });
    this.#outbound = new OutboundStream({
      clock,
      send: (buffer) => channel.sendData(number, buffer),
      sendEnd: () => this.send({ type: "end" }),
      onFull: () => this.#trace("window full", { state: true, inFlight: this.inFlight }),
    });
    if (opening !== undefined) this.#note(opening, "received");
  }

  /**
   * Sealed chunks from the other side, one a frame, to its `end`. What is read here is granted
   * again as credit.
   */
  get data(): ReadableStream<OwnedBytes> {
    return this.#inbound.readable;
  }

  /** Bytes of sealed chunks that wait for the reader of {@link data}. */
  get waitingBytes(): number {
    return this.#inbound.waitingBytes;
  }

  /**
   * Sealed chunks to the other side, each with `DATA_HEADROOM_BYTES` free in front; waits for
   * credit; `end` follows. After a `cancel` of either side chunks are dropped, so that no pipe
   * waits for credit that will not come.
   */
  get writable(): WritableStream<OwnedBytes> {
    return this.#outbound.writable;
  }

  /** Bytes that were sent and not granted again yet. */
  get inFlight(): number {
    return this.#outbound.inFlight;
  }

  /** Chunks that were sent and granted anew: the other side has put them away. */
  get chunksTaken(): number {
    return this.#outbound.chunksTaken;
  }

  /** The type of the first message, either way; undefined before there was one. */
  get topic(): Message["type"] | undefined {
    return this.#topic;
  }

  /**
   * The wait of its users: to write, else to read, else for a message. Undefined where there is
   * none.
   */
  get wait(): Wait | undefined {
    return this.#outbound.wait ?? this.#inbound.wait ?? this.#wait;
  }

  /**
   * The wait of its users, and for how long nothing has moved in the session meanwhile; undefined
   * where there is none.
   */
  get stall(): Stall | undefined {
    const { wait } = this;
    if (wait === undefined || this.isOver) return undefined;
    const { clock, channel } = this.#options;
    return { for: wait.for, ms: clock.now() - Math.max(wait.since, channel.movedAt) };
  }

  /** The topic and the wait, for people who look why nothing happens. */
  get state(): ExchangeState {
    const { number, topic, wait, inFlight } = this;
    const now = this.#options.clock.now();
    return { number, topic, inFlight, waitsFor: wait?.for, waitMs: wait && now - wait.since };
  }

  /** Grants at once what was read and not granted yet; false where there is none. */
  grant(): boolean {
    return this.#inbound.grant();
  }

  /**
   * Says `accept`, and grants the first credit of the run by it: whoever calls it reads {@link data}
   * from then on, what came of that before included.
   */
  accept({ offset, digest }: Place): Promise<void> {
    const { credit, taken, begin } = this.#inbound.accept(offset);
    if (begin !== undefined) this.#put(begin);
    return this.#send({ type: "accept", offset, digest, credit, taken });
  }

  /** Drops what comes before {@link accept}, where that may take long: it comes again. */
  dropAhead(): void {
    this.#inbound.dropAhead();
  }

  /** Sends one message of this exchange. */
  send(message: Exclude<Unnumbered, { type: "accept" }>): Promise<void> {
    if (message.type === "cancel") this.#outbound.drop();
    if (LAST_OF_A_RUN.includes(message.type)) this.#inbound.drop();
    if (message.type === "begin" || message.type === "run") this.#outbound.begin();
    return this.#send(message);
  }

  #send(message: Unnumbered): Promise<void> {
    this.#note(message, "sent");
    return this.#options.channel.send({ ...message, exchange: this.number } as ExchangeMessage);
  }

  /**
   * The next message of the other side; rejects with the session's error when that ends before. Of
   * several who wait, each gets a message of its own, in the order in which they came.
   */
  async receive(): Promise<Message> {
    while (this.#messages.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#wait ??= { for: "message", since: this.#options.clock.now() };
      await this.#arrived.wait();
    }
    return this.#messages.shift()!;
  }

  /** True where nothing more can come: its session has failed, or it was ended here. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** Forgets the exchange: what still arrives for it is dropped. */
  end(): void {
    if (!this.isOver) this.#trace("ended");
    this.fail(new P2pError("connection", "the exchange is over"));
    this.#inbound.drop();
    this.#options.onEnd();
  }

  /** Takes a message from the session. */
  pushMessage(message: Message): void {
    this.#note(message, "received");
    if (message.type === "credit") {
      this.#outbound.addCredit(message);
      return this.onGranted?.();
    }
    if (message.type === "end") return this.#inbound.end();
    if (message.type === "accept") this.#outbound.accepted(message);
    const isRun = message.type === "begin" || message.type === "run";
    if (isRun && !this.#inbound.begin(message)) return;
    this.#checkOrder(message);
    if (this.#messages.length === MAX_WAITING_MESSAGES) {
      throw new P2pError(
        "protocol",
        `more than ${MAX_WAITING_MESSAGES} messages wait on exchange ${this.number}`,
      );
    }
    if (LAST_OF_A_RUN.includes(message.type)) this.#outbound.drop();
    this.#put(message);
  }

  /** Throws "protocol" for what cannot come at this place of a run (SPEC.md §22). */
  #checkOrder(message: Message) {
    if (saysDelivered(message) && this.#outbound.isUnderWay) {
      throw new P2pError("protocol", `"${message.type}" before the end of the content`);
    }
    if (message.type === "envelope" && this.#inbound.isAhead) {
      throw new P2pError("protocol", `an envelope behind the content of exchange ${this.number}`);
    }
  }

  #put(message: Message) {
    this.#messages.push(message);
    this.#wait = undefined;
    this.#arrived.notify();
  }

  /**
   * Takes a sealed chunk from the session. "protocol" where it was not granted, or follows the
   * last.
   */
  pushChunk(chunk: OwnedBytes): void {
    this.#inbound.push(chunk);
  }

  /** Ends every wait with `failure`. */
  fail(failure: P2pError): void {
    this.#failure ??= failure;
    this.#inbound.fail(failure);
    this.#outbound.fail(failure);
    this.#arrived.notify();
  }

  #note(message: Unnumbered | Message, way: "sent" | "received") {
    const { type } = message;
    this.#topic ??= type;
    if (!trace.exchange.hasSubscribers) return;
    const isState = !IN_PASSING.includes(type);
    this.#trace(`${type} ${way}`, { ...(isState && { state: true }), ...factsOf(message) });
  }

  #trace(what: string, facts: Facts = {}) {
    if (!trace.exchange.hasSubscribers) return;
    const { session } = this.#options;
    trace.exchange.publish({ what, ...facts, session, exchange: this.number });
  }
}

type Facts = Omit<TraceEvent, "what">;

/** True for the word that all of it is on disk. */
function saysDelivered(message: Message): boolean {
  return message.type === "receipt" || (message.type === "answer" && message.code === "delivered");
}

/** True where a run may follow `opening` before it is accepted (SPEC.md §8). */
function hasFlight(opening: Opening | undefined): boolean {
  return opening !== undefined && "ahead" in opening && opening.ahead;
}

/** The facts of a message that a trace may tell: numbers and codes, no names. */
function factsOf(message: object): Facts {
  const { bytes, offset, code } = message as { bytes?: number; offset?: number; code?: string };
  return { bytes, offset, code };
}
