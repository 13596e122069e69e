import { trace } from "../../trace.ts";

/**
 * Chunks that come in for each that goes out, and for each delivery that begins: of many followers
 * each would have only a part before the end, for which the sender would wait.
 */
const IN_PER_OUT = 4;

/**
 * An upload is fast where that many chunks come within that time: 150 MB/s, more than a gigabit
 * line brings. So is one that waits for the hub and not for its line: with more followers it would
 * wait longer still.
 */
export const FAST_CHUNKS = 64;
export const FAST_MS = 110;

/** Time without a chunk after which all may follow. */
const QUIET_MS = 200;

/**
 * Keeps several who follow a fast upload from getting in its way: a part of what came goes out at
 * once, and the rest when all is here. So a sender with twenty recipients is done nearly as soon as
 * one with one, and they have it no later, for the hub is as busy either way. All follow a slow
 * one.
 */
export class BroadcastPacer {
  readonly #waiting: (() => void)[] = [];
  #chunks = 0;
  /** Of those that are measured now: how many had another one right behind them. */
  #followed = 0;
  #measuredAt = performance.now();
  #isFast = true;
  #quietAt = 0;
  #mayGo = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A chunk has come in; `more` says that the next one is here as well, and waits for the hub. */
  arrived({ more = false } = {}): void {
    const now = performance.now();
    if (more) this.#followed++;
    if (++this.#chunks % FAST_CHUNKS === 0) {
      this.#setFast(now - this.#measuredAt < FAST_MS || this.#followed > FAST_CHUNKS / 2);
      this.#measuredAt = now;
      this.#followed = 0;
    }
    if (!this.#isFast) return this.end();
    this.#quietAt = now + QUIET_MS;
    if ((this.#chunks - 1) % IN_PER_OUT !== 0) return;
    const next = this.#waiting.shift();
    this.#mayGo = next === undefined;
    next?.();
  }

  /** Resolves when something may go out. */
  turn(): Promise<void> | undefined {
    if (performance.now() >= this.#quietAt) return;
    if (this.#mayGo) return void (this.#mayGo = false);
    this.#timer ??= setTimeout(() => this.#lookForQuiet(), QUIET_MS);
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** No more comes in, for now: all may go on. */
  end(): void {
    this.#quietAt = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }

  #setFast(isFast: boolean) {
    if (isFast !== this.#isFast && trace.relay.hasSubscribers) {
      trace.relay.publish({
        what: "pacing",
        state: true,
        on: isFast,
        waiting: this.#waiting.length,
      });
    }
    this.#isFast = isFast;
  }

  #lookForQuiet() {
    const left = this.#quietAt - performance.now();
    if (left <= 0) return this.end();
    this.#timer = setTimeout(() => this.#lookForQuiet(), Math.ceil(left));
  }
}
