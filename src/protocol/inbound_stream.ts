import type { OwnedBytes } from "../buffer_pool.ts";
import type { Clock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import { Notify } from "../notify.ts";
import { isLast, sealedBytes } from "../transport/chunk_flags.ts";
import type { ChunkMemory } from "./chunk_memory.ts";
import { FIRST_FLIGHT_CHUNKS, type FirstFlight, type RunMessage } from "./first_flight.ts";
import type { Wait } from "./wait.ts";
import { Window, WINDOW_BYTES } from "./window.ts";

/** So small that a window of credit is always on its way, far as the other side may be. */
const CREDIT_STEP_BYTES = WINDOW_BYTES / 8;

/**
 * A step for what comes faster than a step in {@link CREDIT_EVERY_MS}: on such a line the other
 * side is near, and each `credit` costs both sides as much processor time as a chunk.
 */
const FAST_CREDIT_STEP_BYTES = WINDOW_BYTES / 2;
const CREDIT_EVERY_MS = 5;

/** Packed chunks may be small, and then cost more than their bytes. */
const LEAST_MEMORY_BYTES = 1_024;

/** What an `accept` says beside its place, and the `begin` that came before it. */
export interface Accepted {
  credit: number;
  taken: boolean;
  begin: RunMessage | undefined;
}

/** All that an inbound stream works with. */
export interface InboundOptions {
  /** That of the exchange, for errors. */
  number: number;
  clock: Clock;
  /** Counts what waits, beside all others of the process. */
  memory: ChunkMemory;
  /** Where something may come before it is accepted. */
  flight?: FirstFlight | undefined;
  /** Lets the other side send so many bytes more, `wider` of them for a window that has grown. */
  grant: (bytes: number, wider: number) => void;
  /** Hears when there are fewer {@link InboundStream.waitingBytes}. */
  onTaken: () => void;
}

/**
 * The sealed chunks that come in on an exchange: of the run that was accepted, under the credit that
 * is granted as they are read.
 */
export class InboundStream {
  readonly #options: InboundOptions;
  readonly #changed = new Notify();
  /**
   * Made when it is asked for: most exchanges have no data, and a hub keeps one open for each who
   * is joined.
   */
  #readable: ReadableStream<OwnedBytes> | undefined;
  #chunks: OwnedBytes[] = [];
  #waitingBytes = 0;
  readonly #window: Window;
  #granted = 0;
  /** Chunks that have come, and those that came unasked. */
  #count = 0;
  #unasked = 0;
  #run: "none" | "accepted" | "begun" = "none";
  #flight: FirstFlight | undefined;
  #consumed = 0;
  #wider = 0;
  #grantedAt = -Infinity;
  #last: "to come" | "seen" | "ended" = "to come";
  #isDropped = false;
  #failure: P2pError | undefined;
  #wait: Wait | undefined;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#flight = options.flight;
    this.#window = new Window(options.clock);
  }

  /** The chunks, to the other side's `end`. */
  get readable(): ReadableStream<OwnedBytes> {
    return this.#readable ??= new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.drop(),
    }, { highWaterMark: 0 });
  }

  /** Memory of what waits for the reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** True where a run has begun before it was accepted. */
  get isAhead(): boolean {
    return this.#run === "none" && this.#flight?.isBegun === true;
  }

  /** The wait of the reader; undefined where there is none, or chunks are here. */
  get wait(): Wait | undefined {
    return this.#wait;
  }

  /**
   * Lets the other side begin a run at `offset`, once, whose chunks this side will read: goes on with
   * the first flight where there is one for that place.
   */
  accept(offset: number): Accepted {
    this.#run = "accepted";
    this.#granted = WINDOW_BYTES;
    this.#window.asked();
    const flight = this.#flight;
    const taken = flight !== undefined && !flight.isDropped && offset === 0;
    if (!taken) {
      flight?.drop();
      return { credit: WINDOW_BYTES, taken, begin: undefined };
    }
    this.#flight = undefined;
    this.#unasked = FIRST_FLIGHT_CHUNKS;
    const { begin, chunks, isEnded } = flight.land();
    if (begin !== undefined) this.begin(begin);
    for (const chunk of chunks) this.push(chunk);
    if (isEnded) this.end();
    return { credit: WINDOW_BYTES, taken, begin };
  }

  /**
   * Takes the other side's `begin` or `run`; true where it is that of the run that was accepted.
   * "protocol" where none may begin.
   */
  begin(message: RunMessage): boolean {
    const flight = this.#flight;
    if (flight !== undefined && !flight.isBegun) {
      flight.begin(message);
      return false;
    }
    if (this.#run !== "accepted") {
      throw new P2pError("protocol", `exchange ${this.#options.number} began without an "accept"`);
    }
    this.#run = "begun";
    return true;
  }

  /**
   * Takes a chunk from the session. "protocol" where it is of no run, was not granted, or follows
   * the last.
   */
  push(chunk: OwnedBytes): void {
    const { number } = this.#options;
    if (this.#run !== "begun") {
      if (this.#flight !== undefined) return this.#flight.push(chunk);
      throw new P2pError("protocol", `exchange ${number} sent data before a run`);
    }
    if (this.#last !== "to come") {
      throw new P2pError("protocol", `exchange ${number} sent data after its end`);
    }
    if (isLast(chunk)) this.#last = "seen";
    if (this.#count++ === this.#unasked) this.#window.answered();
    this.#granted -= sealedBytes(chunk);
    if (this.#granted < 0) {
      const excess = `${-this.#granted} bytes more than it was granted`;
      throw new P2pError("protocol", `exchange ${number} sent ${excess}`);
    }
    if (this.#isDropped) return;
    this.#chunks.push(chunk);
    this.#hold(memoryOf(chunk));
    this.#changed.notify();
  }

  /** Takes the other side's `end`. */
  end(): void {
    if (this.#run !== "begun") return this.#flight?.end();
    this.#last = "ended";
    this.#changed.notify();
  }

  /** Ends the wait of the reader with `failure`, once all that is here was read. */
  fail(failure: P2pError): void {
    this.#failure ??= failure;
    this.#changed.notify();
  }

  /** Drops all that is here and that still comes: it will not be read. */
  drop(): void {
    this.#isDropped = true;
    this.#flight?.drop();
    this.#chunks = [];
    this.#hold(-this.#waitingBytes);
    this.#options.onTaken();
  }

  /** Drops what comes before it is accepted: nobody will look at it soon. */
  dropAhead(): void {
    this.#flight?.drop();
  }

  /** Grants at once what was read and not granted yet; false where there is none. */
  grant(): boolean {
    if (this.#consumed === 0) return false;
    this.#grantedAt = this.#options.clock.now();
    const wider = this.#wider;
    const bytes = this.#consumed + wider;
    this.#granted += bytes;
    this.#consumed = 0;
    this.#wider = 0;
    this.#options.grant(bytes, wider);
    return true;
  }

  async #pull(controller: ReadableStreamDefaultController<OwnedBytes>) {
    while (this.#chunks.length === 0) {
      if (this.#last === "ended") return controller.close();
      if (this.#failure !== undefined) throw this.#failure;
      this.#wait ??= { for: "data", since: this.#options.clock.now() };
      await this.#changed.wait();
    }
    this.#wait = undefined;
    const chunk = this.#chunks.shift()!;
    this.#hold(-memoryOf(chunk));
    this.#options.onTaken();
    const bytes = sealedBytes(chunk);
    this.#consumed += bytes;
    this.#wider += this.#window.tookIn(bytes, { mayGrow: !this.#options.memory.isFull });
    if (this.#isGrantDue()) this.grant();
    controller.enqueue(chunk);
  }

  #hold(bytes: number) {
    this.#waitingBytes += bytes;
    this.#options.memory.hold(bytes);
  }

  #isGrantDue(): boolean {
    if (this.#wider > 0) return true;
    if (this.#consumed < CREDIT_STEP_BYTES) return false;
    if (this.#consumed >= FAST_CREDIT_STEP_BYTES) return true;
    return this.#options.clock.now() - this.#grantedAt >= CREDIT_EVERY_MS;
  }
}

function memoryOf(chunk: OwnedBytes): number {
  return Math.max(sealedBytes(chunk), LEAST_MEMORY_BYTES);
}
