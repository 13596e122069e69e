import { type Clock, systemClock } from "../clock.ts";

/** The part of one processor that handshakes have while they do not stop coming (SPEC.md §12). */
export const SHARE = 0.25;

/** Work that is done at once: some two hundred people may come in together after a restart. */
export const BURST_MS = 500;

/** Of so many turns of a network one is for the oldest. */
const OLDEST_EVERY = 4;

/** Those of one network who wait, the oldest first. */
interface Queue {
  waiting: (() => void)[];
  /** Turns that it has had. */
  turns: number;
}

/**
 * Gives handshakes a share of the processor: as long as few come, each is computed at once; of a
 * flood one after the other, the networks in turn, so that who is here already goes on, and who
 * comes from elsewhere waits for one of each network at most. Within a network it is the newest,
 * who is there for the first time between those who come again and again, and now and then the
 * oldest, so that nobody is put off for ever.
 */
export class HandshakeTurns {
  readonly #clock: Clock;
  /** Those who wait, by network; the network whose turn it is first. */
  readonly #queues = new Map<string, Queue>();
  /** Work that the share has not paid for yet, in milliseconds, as of a time. */
  #debtMs = 0;
  #asOf: number;
  #isTaken = false;
  #timer: Disposable | undefined;

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
    this.#asOf = clock.now();
  }

  /** Runs work of a network when it is its turn, one at a time: it must not wait for a peer. */
  async take<T>(network: string, work: () => Promise<T>): Promise<T> {
    await this.#turnOf(network);
    try {
      return await this.count(work);
    } finally {
      this.#isTaken = false;
      this.#next();
    }
  }

  /** Runs work at once, and counts it: whoever comes next waits the longer. */
  async count<T>(work: () => Promise<T>): Promise<T> {
    const from = this.#clock.now();
    try {
      return await work();
    } finally {
      this.#debtMs = this.#debt() + this.#clock.now() - from;
    }
  }

  #turnOf(network: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = this.#queues.get(network) ?? { waiting: [], turns: 0 };
    queue.waiting.push(resolve);
    this.#queues.set(network, queue);
    this.#next();
    return promise;
  }

  /** Begins the next turn, now or when the share has paid for it. */
  #next() {
    const [next] = this.#queues;
    if (this.#isTaken || this.#timer !== undefined || next === undefined) return;
    const unpaidMs = this.#debt() - BURST_MS;
    if (unpaidMs > 0) {
      this.#timer = this.#clock.after(unpaidMs / SHARE, () => {
        this.#timer = undefined;
        this.#next();
      });
      return;
    }
    const [network, queue] = next;
    const isForOldest = ++queue.turns % OLDEST_EVERY === 0;
    const begin = isForOldest ? queue.waiting.shift() : queue.waiting.pop();
    this.#queues.delete(network);
    if (queue.waiting.length > 0) this.#queues.set(network, queue); // Behind the other networks.
    this.#isTaken = true;
    begin!();
  }

  #debt(): number {
    const now = this.#clock.now();
    this.#debtMs = Math.max(0, this.#debtMs - (now - this.#asOf) * SHARE);
    this.#asOf = now;
    return this.#debtMs;
  }
}
