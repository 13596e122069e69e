import { type Clock, systemClock } from "../clock.ts";
import { asP2pError, P2pError } from "../errors.ts";
import { Notify } from "../notify.ts";
import {
  lostConnection,
  silentConnection,
  strandedConnection,
} from "../transport/lost_connection.ts";
import type { Channel, Incoming } from "./channel.ts";
import { type ChunkMemory, chunksHeld } from "./chunk_memory.ts";
import { Exchange } from "./exchange.ts";
import { LIVENESS_TIMES, type LivenessTimes } from "./liveness.ts";
import type { GoodbyeCode, Message, Opening, UnknownMessage } from "./messages.ts";
import type { SessionState } from "./session_state.ts";
import { WINDOW_BYTES } from "./window.ts";
import { trace, type TraceEvent } from "../trace.ts";
import { MAX_EXCHANGE, MAX_REASON_LENGTH } from "./messages.ts";

/** Exchanges that may be open at once in each direction (SPEC.md §7). */
export const MAX_OPEN_EXCHANGES = 16;

/** Answers that may wait for the connection: a peer with more of them asks and does not read. */
const MAX_WAITING_ANSWERS = 64;

/**
 * Bytes of chunks that may wait in all exchanges of a session together: with more it reads no
 * further (SPEC.md §11).
 */
export const MAX_WAITING_BYTES = WINDOW_BYTES;

/** Silence after which a hub asks before it brings something (SPEC.md §11). */
const PROBE_AFTER_MS = 5_000;

let sessions = 0;
const live = new Set<Session>();

/** The reason for a message that is not known here. */
const UNKNOWN = "this version of p2p does not know that";

/** Takes an exchange that the other side has opened, and how. Without it every one is refused. */
export type OnOpen = (exchange: Exchange, opening: Opening, session: Session) => void;

/** The name of a session that came without one (SPEC.md §15). */
export interface GivenName {
  name: string;
  /** True where the id owns it. */
  owned: boolean;
}

/** The side of a session, and how it runs. */
export interface SessionOptions {
  initiator: boolean;
  onOpen?: OnOpen | undefined;
  times?: LivenessTimes;
  /** The peer's name, where it is known; an initiator learns it by `welcome`. */
  peer?: string;
  /** The clock of the system by default. */
  clock?: Clock;
  /** The bound of all chunks that wait; that of the process by default. */
  memory?: ChunkMemory;
}

/**
 * A connection with a peer that is known: exchanges over one channel, kept alive, ended by
 * `goodbye` (SPEC.md §6, §7, §11).
 */
export class Session {
  /** Sessions that are not over, the oldest first. */
  static get live(): Iterable<Session> {
    return live;
  }

  /** Counts the sessions of this process. */
  readonly number = ++sessions;
  /**
   * Settles when the session is over: resolves after a goodbye of code `bye` or ours, rejects with
   * why otherwise.
   */
  readonly closed: Promise<void>;
  /** The acceptor's name, from `welcome`; rejects where it does not take the session. */
  readonly welcomed: Promise<string>;
  #channel: Channel;
  #options: SessionOptions;
  #clock: Clock;
  readonly #memory: ChunkMemory;
  #exchanges = new Map<number, Exchange>();
  #nextOwn: number;
  #lastTheirs = 0;
  readonly #openedAt: number;
  #peer: string | undefined;
  /** What the acceptor's clock is ahead of ours. */
  #peerAheadMs = 0;
  #waitingAnswers = 0;
  /** The name that the acceptor has given us; undefined where we said our own. */
  given: GivenName | undefined;
  #welcomeSeen = false;
  #ended = false;
  #leftByPeer = false;
  #aborted = false;
  readonly #room = new Notify();
  #failure: P2pError | undefined;
  /** Why the connection was given up here. */
  #silence: P2pError | undefined;
  #welcome = Promise.withResolvers<string>();

  constructor(channel: Channel, options: SessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#memory = options.memory ?? chunksHeld;
    this.#openedAt = this.#clock.now();
    this.#peer = options.peer;
    this.#nextOwn = options.initiator ? 1 : 2;
    this.welcomed = this.#welcome.promise;
    this.welcomed.catch(() => {});
    live.add(this);
    this.#trace("session open", { state: true, initiator: options.initiator });
    this.closed = this.#run().finally(() => live.delete(this));
    this.closed.catch(() => {});
  }

  /** Opens an exchange of our own. Throws why the session is over where it is. */
  open(): Exchange {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#nextOwn;
    this.#nextOwn += 2;
    return this.#add(number);
  }

  /** Tells the initiator that it may come in, our name, and the one that it got where it has none. */
  welcome(name: string, given?: GivenName): Promise<void> {
    const { name: you = null, owned = false } = given ?? {};
    return this.#channel.send({ type: "welcome", name, time: Date.now(), you, owned });
  }

  /**
   * The acceptor's clock, in milliseconds since 1970: by its `welcome`, and what has passed since.
   */
  async peerTime(): Promise<number> {
    await this.welcomed;
    return Math.round(this.#peerAheadMs + this.#clock.now());
  }

  /** True where it ended before the acceptor took it. */
  get isTurnedAway(): boolean {
    return this.#failure !== undefined && this.#options.initiator && !this.#welcomeSeen;
  }

  /** The peer, the times and the exchanges, for people who look why nothing happens. */
  get state(): SessionState {
    const now = this.#clock.now();
    return {
      number: this.number,
      remoteAddress: this.#channel.remoteAddress,
      peer: this.#peer,
      openMs: now - this.#openedAt,
      silentMs: now - this.#channel.liveness.heardAt,
      exchanges: Array.from(this.#exchanges.values(), ({ state }) => state),
    };
  }

  /** Asks for a word at once where none has come for a while, so that a dead line shows early. */
  probe(): void {
    if (this.#clock.now() - this.#channel.liveness.heardAt < PROBE_AFTER_MS) return;
    this.#trace("ping sent");
    this.#channel.send({ type: "ping" }).catch(() => {});
  }

  /**
   * Ends the session with a reason and closes the connection once that has left, or has had its
   * time.
   */
  async goodbye(code: GoodbyeCode, reason: string): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#room.notify();
    this.#trace("goodbye sent", { state: true, code });
    await this.#channel.close({
      type: "goodbye",
      code,
      reason: reason.slice(0, MAX_REASON_LENGTH),
    });
  }

  /** Breaks the connection off. */
  abort(): void {
    this.#aborted = true;
    this.#room.notify();
    this.#channel.abort();
  }

  async #run() {
    const { initiator, times = LIVENESS_TIMES[initiator ? "initiator" : "acceptor"] } =
      this.#options;
    const watch = this.#clock.every(times.answerWithinMs / 5, () => this.#watch(times));
    let failure = lostConnection();
    try {
      for await (const incoming of this.#channel.incoming()) {
        if (!this.#ended) this.#take(incoming);
        if (incoming.type === "data") await this.#untilRoom();
      }
      if (!this.#ended) throw this.#silence ?? failure;
      const who = this.#leftByPeer ? "the other side has left" : "stopped on this side";
      failure = new P2pError("connection", who, { retry: true });
    } catch (error) {
      failure = asP2pError(error);
      throw failure;
    } finally {
      watch[Symbol.dispose]();
      this.#trace("session closed", {
        ...{ state: true, seconds: this.#seconds(), why: this.#ended ? "goodbye" : failure.code },
      });
      this.#failure = failure;
      this.#welcome.reject(failure);
      for (const exchange of this.#exchanges.values()) exchange.fail(failure);
      // The other side hears of its break of the protocol.
      if (failure.code === "protocol") await this.goodbye("protocol", failure.message);
      this.#ended = true;
      this.#channel.abort();
    }
  }

  /**
   * Resolves when so few chunks wait that more may be read: what comes meanwhile stays with the
   * system, and the sender.
   */
  async #untilRoom() {
    const isFull = () => !this.#ended && !this.#aborted && this.#holdsTooMuch();
    if (!isFull()) return;
    this.#channel.liveness.holdsBack = true;
    while (isFull()) await this.#room.wait();
    this.#channel.liveness.holdsBack = false;
  }

  /** Where all of the process hold too much, each session waits until its own are put away. */
  #holdsTooMuch(): boolean {
    let bytes = 0;
    for (const exchange of this.#exchanges.values()) bytes += exchange.waitingBytes;
    return bytes > MAX_WAITING_BYTES || (bytes > 0 && this.#memory.isFull);
  }

  #take(incoming: Incoming) {
    this.#checkWelcome(incoming.type);
    switch (incoming.type) {
      case "data":
        return this.#find(incoming.exchange)?.pushChunk(incoming.chunk);
      case "offer":
      case "join":
      case "list":
      case "relay":
      case "delivery":
      case "status":
      case "withdraw":
      case "nameplate":
      case "claim":
        return this.#takeOpening(incoming);
      case "welcome":
        this.#peer = incoming.name;
        this.given = givenBy(incoming);
        this.#peerAheadMs = incoming.time - this.#clock.now();
        return this.#welcome.resolve(incoming.name);
      case "goodbye":
        return this.#takeGoodbye(incoming);
      case "ping":
        this.#trace("ping received");
        return this.#answer({ type: "pong" });
      case "pong":
        return this.#trace("pong received");
      case "unknown":
        return this.#takeUnknown(incoming);
      default:
        return this.#find(incoming.exchange)?.pushMessage(incoming);
    }
  }

  /**
   * The acceptor's first record is `welcome`, unless it is `goodbye`; nobody else says it (SPEC.md
   * §4).
   */
  #checkWelcome(type: Incoming["type"]) {
    if (type === "goodbye" || type === "unknown") return;
    const due = this.#options.initiator && !this.#welcomeSeen;
    if ((type === "welcome") !== due) throw new P2pError("protocol", `"${type}" at the wrong time`);
    this.#welcomeSeen = true;
  }

  /**
   * The open exchange of that number; undefined where it is over; "protocol" where it never was.
   */
  #find(number: number): Exchange | undefined {
    const exchange = this.#exchanges.get(number);
    const last = this.#isOurs(number) ? this.#nextOwn - 2 : this.#lastTheirs;
    if (number < 1 || number > last) {
      throw new P2pError("protocol", `exchange ${number} was never opened`);
    }
    return exchange;
  }

  #takeOpening(opening: Opening) {
    const number = opening.exchange;
    if (this.#isOurs(number) || number <= this.#lastTheirs) {
      throw new P2pError("protocol", `exchange ${number} cannot be opened by "${opening.type}"`);
    }
    this.#lastTheirs = number;
    const { onOpen } = this.#options;
    const theirs = [...this.#exchanges.keys()].filter((open) => !this.#isOurs(open)).length;
    if (onOpen === undefined) return this.#refuse(number, "declined", "nothing is received here");
    if (theirs === MAX_OPEN_EXCHANGES) {
      return this.#refuse(
        number,
        "busy",
        `${MAX_OPEN_EXCHANGES} transfers are under way on this connection`,
      );
    }
    onOpen(this.#add(number, opening), opening, this);
  }

  /** Answers a message of a later version where that is due; it ends no session (SPEC.md §21). */
  #takeUnknown({ exchange: number, must }: UnknownMessage) {
    if (number === undefined) return;
    const opens = !this.#isOurs(number) && number > this.#lastTheirs;
    if (opens) this.#lastTheirs = number;
    if (!must) return;
    if (opens) return this.#refuse(number, "unknown", UNKNOWN);
    const exchange = this.#exchanges.get(number);
    if (exchange === undefined) return;
    this.#answer({ type: "cancel", exchange: number, code: "unknown", reason: UNKNOWN });
    exchange.fail(new P2pError("refused", "the other side wants what this version does not know"));
  }

  #refuse(exchange: number, code: "declined" | "busy" | "unknown", reason: string) {
    this.#answer({ type: "refuse", exchange, code, reason });
  }

  #answer(message: Message) {
    if (this.#waitingAnswers === MAX_WAITING_ANSWERS) {
      throw new P2pError("protocol", `more than ${MAX_WAITING_ANSWERS} answers wait to be read`);
    }
    this.#waitingAnswers++;
    this.#channel.send(message).catch(() => {}).finally(() => this.#waitingAnswers--);
  }

  #takeGoodbye({ code, reason }: Message<"goodbye">) {
    this.#trace("goodbye received", { state: true, code });
    if (code === "bye") {
      this.#ended = true;
      this.#leftByPeer = true;
      return void this.#channel.close();
    }
    if (code === "refused" || code === "replaced") throw new P2pError("refused", reason);
    const isPlain = code === "shutdown" && reason !== "";
    const message = isPlain ? reason : `the other side ended the connection: ${reason}`;
    throw new P2pError("connection", message, { retry: true });
  }

  #add(number: number, opening?: Opening): Exchange {
    if (number > MAX_EXCHANGE) {
      throw new P2pError("connection", "the numbers of this session are used up");
    }
    const exchange = new Exchange(number, {
      session: this.number,
      channel: this.#channel,
      clock: this.#clock,
      memory: this.#memory,
      opening,
      onTaken: () => this.#room.notify(),
      onEnd: () => {
        this.#exchanges.delete(number);
        this.#room.notify();
      },
    });
    this.#exchanges.set(number, exchange);
    return exchange;
  }

  #isOurs(number: number): boolean {
    return number % 2 === this.#nextOwn % 2;
  }

  #watch(times: LivenessTimes) {
    if (this.#channel.isStranded) {
      this.#silence = strandedConnection();
      this.#trace("address gone", { state: true });
      return this.abort();
    }
    const { liveness } = this.#channel;
    const due = liveness.due(times);
    if (due === "lost") {
      const silentMs = Math.round(this.#clock.now() - liveness.heardAt);
      this.#trace("peer given up", { state: true, silentMs });
      this.#silence = silentConnection(silentMs);
      return this.abort();
    }
    if (due === undefined) return;
    if (due === "pong" && this.#grantAll()) return;
    this.#trace(`${due} sent`);
    this.#channel.send({ type: due }).catch(() => {});
  }

  /** Grants what was read and not granted yet: as good a word as `pong`. False where there is none. */
  #grantAll(): boolean {
    const granting = Array.from(this.#exchanges.values(), (exchange) => exchange.grant());
    return granting.includes(true);
  }

  #seconds(): number {
    return Math.round((this.#clock.now() - this.#openedAt) / 1000);
  }

  #trace(what: string, facts: Omit<TraceEvent, "what"> = {}) {
    if (!trace.session.hasSubscribers) return;
    trace.session.publish({ what, ...facts, session: this.number });
  }
}

function givenBy({ you: name, owned }: Message<"welcome">): GivenName | undefined {
  return name === null ? undefined : { name, owned };
}
