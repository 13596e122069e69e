import type { OwnedBytes } from "../buffer_pool.ts";
import { P2pError } from "../errors.ts";
import { isLast } from "../transport/chunk_flags.ts";
import { type ChunkMemory, flightsHeld } from "./chunk_memory.ts";
import type { Message } from "./messages.ts";

/** Chunks that may follow an offer before it is accepted (SPEC.md §8). */
export const FIRST_FLIGHT_CHUNKS = 4;

/** The beginning of a run, as far as it came before it was accepted. */
export interface Arrived {
  /** Undefined where it is still to come. */
  begin: RunMessage | undefined;
  chunks: OwnedBytes[];
  /** True where that was all. */
  isEnded: boolean;
}

/** A message by which a run starts. */
export type RunMessage = Message<"begin"> | Message<"run">;

/**
 * What the other side sends of a run right behind its offer: held until it is accepted, under one
 * bound for all that a process holds, and dropped beyond that (SPEC.md §8).
 */
export class FirstFlight {
  readonly #exchange: number;
  readonly #memory: ChunkMemory;
  #begin: RunMessage | undefined;
  #chunks: OwnedBytes[] = [];
  #heldBytes = 0;
  #count = 0;
  #last: "to come" | "seen" | "ended" = "to come";
  #isDropped = false;

  constructor(exchange: number, memory: ChunkMemory = flightsHeld) {
    this.#exchange = exchange;
    this.#memory = memory;
  }

  /** True where its run has begun. */
  get isBegun(): boolean {
    return this.#begin !== undefined;
  }

  /** True where not all of it is here: it has to come again. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Takes its `begin` or `run`. "protocol" where that is not from the start. */
  begin(message: RunMessage): void {
    if (message.offset !== 0) {
      throw this.#error(`began at ${message.offset} before that was accepted`);
    }
    this.#begin = message;
  }

  /** Takes a chunk. "protocol" for one too many, in front of the run or behind its last. */
  push(chunk: OwnedBytes): void {
    if (!this.isBegun) throw this.#error("sent data before a run");
    if (this.#last !== "to come") throw this.#error("sent data after its end");
    if (this.#count === FIRST_FLIGHT_CHUNKS) throw this.#error("sent more than it was granted");
    this.#count++;
    if (isLast(chunk)) this.#last = "seen";
    if (this.#isDropped) return;
    if (!this.#memory.tryHold(chunk.buffer.byteLength)) return this.drop();
    this.#heldBytes += chunk.buffer.byteLength;
    this.#chunks.push(chunk);
  }

  /** Takes its `end`. */
  end(): void {
    this.#last = "ended";
  }

  /** Drops all that is here and that still comes. */
  drop(): void {
    this.#isDropped = true;
    this.#letGo();
  }

  /** Gives up what is here. */
  land(): Arrived {
    const chunks = this.#chunks;
    this.#letGo();
    return { begin: this.#begin, chunks, isEnded: this.#last === "ended" };
  }

  #letGo() {
    this.#chunks = [];
    this.#memory.hold(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  #error(what: string): P2pError {
    return new P2pError("protocol", `exchange ${this.#exchange} ${what}`);
  }
}
