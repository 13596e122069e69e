/** The time, and calls at a later one: handed in, so that hours pass in a test at once. */
export interface Clock {
  /** Milliseconds since some moment; they only grow. */
  now(): number;
  /** Calls `act` once after `ms`, unless it is disposed of before. */
  after(ms: number, act: () => void): Disposable;
  /** Calls `look` about every `ms`, until it is disposed of. */
  every(ms: number, look: () => void): Disposable;
}

/**
 * The clock of the system. Calls that come as often share one timer: a hub has thousands of them.
 */
class SystemClock implements Clock {
  readonly #rounds = new Map<number, Round>();

  now(): number {
    return performance.now();
  }

  after(ms: number, act: () => void): Disposable {
    const timer = setTimeout(act, ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  every(ms: number, look: () => void): Disposable {
    const round = this.#rounds.get(ms) ?? this.#begin(ms);
    round.looks.add(look);
    return {
      [Symbol.dispose]: () => {
        round.looks.delete(look);
        if (round.looks.size === 0) this.#end(ms, round);
      },
    };
  }

  #begin(ms: number): Round {
    const looks = new Set<() => void>();
    const timer = setInterval(() => looks.forEach((look) => look()), ms);
    const round = { looks, timer };
    this.#rounds.set(ms, round);
    return round;
  }

  #end(ms: number, round: Round) {
    clearInterval(round.timer);
    if (this.#rounds.get(ms) === round) this.#rounds.delete(ms);
  }
}

/** Calls that come every so many milliseconds, and their timer. */
interface Round {
  looks: Set<() => void>;
  timer: ReturnType<typeof setInterval>;
}

/** The clock of the system, which everything goes by unless a test hands in another one. */
export const systemClock: Clock = new SystemClock();
