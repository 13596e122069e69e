import { Notify } from "../../src/notify.ts";
import type { Connection } from "../../src/transport/connection.ts";

/** Bytes that a pipe holds before who writes has to wait, as the buffers of sockets do. */
const CAPACITY_BYTES = 65_536;

/** One direction of a connection in memory. */
export class MemoryPipe {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #lastWrite = Promise.resolve();
  #isEnded = false;
  #isBroken = false;
  readonly #changed = new Notify();

  /** Takes a copy of all of `bytes`, after what was written before. */
  write(bytes: Uint8Array): Promise<void> {
    const writing = this.#lastWrite.then(() => this.#put(bytes));
    this.#lastWrite = writing.catch(() => {});
    return writing;
  }

  /** Fills `into` as far as bytes are there; null at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#heldBytes === 0 && !this.#isEnded && !this.#isBroken) await this.#changed.wait();
    if (this.#isBroken) throw new Deno.errors.Interrupted("it is closed");
    if (this.#heldBytes === 0) return null;
    const first = this.#held[0]!;
    const taken = first.subarray(0, into.length);
    into.set(taken);
    if (taken.length < first.length) this.#held[0] = first.subarray(taken.length);
    else this.#held.shift();
    this.#heldBytes -= taken.length;
    this.#changed.notify();
    return taken.length;
  }

  /** Ends it behind all that was written before. */
  end(): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#finish());
    return this.#lastWrite;
  }

  /** Ends it behind what it holds by now: who still writes fails. */
  cut(): void {
    this.#finish();
  }

  /** Makes it of no use: what it holds goes, who reads or writes fails. */
  break(): void {
    this.#isBroken = true;
    this.#held = [];
    this.#heldBytes = 0;
    this.#changed.notify();
  }

  async #put(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length;) {
      while (this.#heldBytes >= CAPACITY_BYTES && !this.#isOver) await this.#changed.wait();
      if (this.#isOver) throw new Deno.errors.BrokenPipe("nobody reads it any more");
      const piece = bytes.slice(at, at + CAPACITY_BYTES - this.#heldBytes);
      this.#held.push(piece);
      this.#heldBytes += piece.length;
      at += piece.length;
      this.#changed.notify();
    }
  }

  get #isOver(): boolean {
    return this.#isEnded || this.#isBroken;
  }

  #finish() {
    this.#isEnded = true;
    this.#changed.notify();
  }
}

/** A pipe that keeps all that comes through it, and may change each byte on its way. */
export class TappedPipe extends MemoryPipe {
  /** All bytes that came through, as they were written. */
  readonly seen: number[] = [];
  readonly #change: (byte: number, position: number) => number;

  constructor(change: (byte: number, position: number) => number = (byte) => byte) {
    super();
    this.#change = change;
  }

  override write(bytes: Uint8Array): Promise<void> {
    const before = this.seen.length;
    this.seen.push(...bytes);
    return super.write(bytes.map((byte, i) => this.#change(byte, before + i)));
  }
}

/** Both ends of a connection in memory. */
export function memoryConnection(
  there = new MemoryPipe(),
  back = new MemoryPipe(),
): [Connection, Connection] {
  return [endOf(back, there, 1), endOf(there, back, 2)];
}

function endOf(incoming: MemoryPipe, outgoing: MemoryPipe, port: number): Connection {
  return {
    remoteAddress: { host: "127.0.0.1", port },
    isStranded: false,
    read: (into) => incoming.read(into),
    write: (bytes) => outgoing.write(bytes),
    closeWrite: () => outgoing.end(),
    close() {
      incoming.break();
      outgoing.cut();
    },
  };
}
