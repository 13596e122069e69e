import type { Clock } from "../../src/clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #calls = new Set<{ at: number; act: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): Disposable {
    const call = { at: this.#now + ms, act };
    this.#calls.add(call);
    return { [Symbol.dispose]: () => void this.#calls.delete(call) };
  }

  every(ms: number, look: () => void): Disposable {
    let next: Disposable;
    const begin = () => next = this.after(ms, () => (begin(), look()));
    begin();
    return { [Symbol.dispose]: () => next[Symbol.dispose]() };
  }

  /** Lets `ms` pass, and calls whoever is due meanwhile, each at its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#nextUntil(end); due !== undefined; due = this.#nextUntil(end)) {
      this.#calls.delete(due);
      this.#now = due.at;
      due.act();
    }
    this.#now = end;
  }

  #nextUntil(end: number) {
    return [...this.#calls].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
