import type { OwnedBytes } from "../buffer_pool.ts";
import type { Clock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import { Notify } from "../notify.ts";
import { trace } from "../trace.ts";
import { FLAGS_BYTES } from "../transport/chunk_flags.ts";
import { DATA_HEADROOM_BYTES } from "./channel.ts";
import { FIRST_FLIGHT_CHUNKS } from "./first_flight.ts";
import type { Wait, WaitsFor } from "./wait.ts";

/** A wait for credit of that length makes the window "full" in a trace. */
const FULL_AFTER_MS = 1_000;

/** All that an outbound stream works with. */
export interface OutboundOptions {
  clock: Clock;
  /** Sends one chunk; resolves when the connection has taken it. */
  send: (buffer: OwnedBytes) => Promise<void>;
  /** Says `end`. */
  sendEnd: () => Promise<void>;
  /** Hears that no credit came for a while; it is for traces alone. */
  onFull: () => void;
}

/** The sealed chunks that go out on an exchange, as far as there is credit for them. */
export class OutboundStream {
  readonly #options: OutboundOptions;
  readonly #changed = new Notify();
  /** Made when it is asked for, as that of {@link InboundStream}. */
  #writable: WritableStream<OwnedBytes> | undefined;
  #credit = 0;
  #isAccepted = false;
  /** True for what is sent before it is accepted. */
  #isAhead = false;
  /** Counts the runs of this exchange. */
  #run = 0;
  #sent = 0;
  #grantedAnew = 0;
  /** The places behind the chunks that were sent and not granted anew, in sealed bytes. */
  #inFlightEnds: number[] = [];
  #chunksTaken = 0;
  #isEnded = false;
  #isDropped = false;
  #failure: P2pError | undefined;
  #wait: Wait | undefined;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /**
   * Takes chunks of the run that is under way, with `DATA_HEADROOM_BYTES` free in front of each; `end`
   * follows the last.
   */
  get writable(): WritableStream<OwnedBytes> {
    const run = this.#run;
    return this.#writable ??= new WritableStream({
      write: (buffer) => this.#write(buffer, run),
      close: () => this.#end(run),
    });
  }

  /** Bytes that were sent and not granted again yet. */
  get inFlight(): number {
    return Math.max(0, this.#sent - this.#grantedAnew);
  }

  /** True from the `accept` until all is sent: nobody can have all of it. */
  get isUnderWay(): boolean {
    return this.#isAccepted && !this.#isEnded;
  }

  /** The wait of the writer; undefined where there is none. */
  get wait(): Wait | undefined {
    return this.#wait;
  }

  /** Chunks that were sent and granted anew: the other side has put them away (SPEC.md §11). */
  get chunksTaken(): number {
    return this.#chunksTaken;
  }

  /** Notes that a run begins here: the first flight, where nothing is accepted yet. */
  begin(): void {
    this.#isAhead = !this.#isAccepted;
  }

  /**
   * Takes the other side's `accept`: where a first flight was sent and is not `taken`, what is still
   * written of it is dropped. "protocol" where it cannot be.
   */
  accepted({ credit, taken }: { credit: number; taken: boolean }): void {
    if (this.#isAccepted) throw new P2pError("protocol", 'a second "accept"');
    if (taken && !this.#isAhead) throw new P2pError("protocol", "nothing was sent to be taken");
    this.#isAccepted = true;
    if (this.#isAhead && !taken) this.#startOver();
    this.#isAhead = false;
    this.#credit = credit - this.#sent;
    this.#changed.notify();
  }

  /** Takes the other side's `credit`. "protocol" where it has accepted nothing. */
  addCredit({ bytes, wider }: { bytes: number; wider: number }): void {
    if (!this.#isAccepted) throw new P2pError("protocol", '"credit" before an "accept"');
    this.#credit += bytes;
    this.#grantedAnew += Math.max(0, bytes - wider);
    while (this.#inFlightEnds.length > 0 && this.#inFlightEnds[0]! <= this.#grantedAnew) {
      this.#inFlightEnds.shift();
      this.#chunksTaken++;
    }
    this.#changed.notify();
  }

  /** Ends the wait of the writer with `failure`. */
  fail(failure: P2pError): void {
    this.#failure ??= failure;
    this.#changed.notify();
  }

  /** Drops all that is written from now on, so that no pipe waits for credit that will not come. */
  drop(): void {
    this.#isDropped = true;
    this.#changed.notify();
  }

  #startOver() {
    this.#run++;
    this.#writable = undefined;
    this.#sent = 0;
    this.#isEnded = false;
    this.#inFlightEnds = [];
  }

  async #write(buffer: OwnedBytes, run: number) {
    const bytes = buffer.length - DATA_HEADROOM_BYTES - FLAGS_BYTES;
    const isDue = () => this.#failure === undefined && !this.#isDropped && run === this.#run;
    const isWaiting = () => isDue() && !this.#maySend(bytes);
    // Before an `accept` it is that which is waited for, and no credit.
    while (!this.#isAccepted && isWaiting()) await this.#changed.wait();
    if (isWaiting()) await this.#whileNoCredit(isWaiting);
    if (this.#failure !== undefined) throw this.#failure;
    if (!isDue()) return;
    this.#credit -= bytes;
    this.#sent += bytes;
    this.#inFlightEnds.push(this.#sent);
    this.#begin("connection");
    await this.#options.send(buffer);
    this.#wait = undefined;
  }

  #maySend(bytes: number): boolean {
    if (this.#isAhead) return this.#inFlightEnds.length < FIRST_FLIGHT_CHUNKS;
    return this.#credit >= bytes;
  }

  async #whileNoCredit(isWaiting: () => boolean) {
    const { clock, onFull } = this.#options;
    this.#begin("credit");
    using _ = trace.exchange.hasSubscribers ? clock.after(FULL_AFTER_MS, onFull) : undefined;
    while (isWaiting()) await this.#changed.wait();
    this.#wait = undefined;
  }

  async #end(run: number) {
    if (this.#isDropped || run !== this.#run) return;
    this.#isEnded = true;
    await this.#options.sendEnd();
  }

  #begin(waitsFor: WaitsFor) {
    this.#wait = { for: waitsFor, since: this.#options.clock.now() };
  }
}
