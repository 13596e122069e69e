import { type Clock, systemClock } from "../clock.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { WaitsFor } from "../protocol/wait.ts";
import { formatBytes } from "../units.ts";
import type { Report } from "./events.ts";

/** A transfer for which nothing moves for so long has stalled. */
export const STALLED_AFTER_MS = 5_000;

const LOOK_EVERY_MS = 1_000;

/** The transfer that is watched. */
export interface StallWatchOptions {
  transfer: string;
  name: string;
  /** The other side, in words: "the receiver". */
  peer: string;
  report: Report;
  clock?: Clock | undefined;
}

/**
 * Reports where nothing moves for {@link STALLED_AFTER_MS} although the other side has something to
 * do, and what that is: once each time.
 */
export class StallWatch implements Disposable {
  /** What the other side has not said yet, in words; undefined while no message is due. */
  missing: string | undefined;
  readonly #exchange: Exchange;
  readonly #options: StallWatchOptions;
  readonly #round: Disposable;
  #isTold = false;

  constructor(exchange: Exchange, options: StallWatchOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#round = (options.clock ?? systemClock).every(LOOK_EVERY_MS, () => this.#look());
  }

  [Symbol.dispose]() {
    this.#round[Symbol.dispose]();
  }

  #look() {
    const { stall } = this.#exchange;
    const isLong = stall !== undefined && stall.ms >= STALLED_AFTER_MS;
    const waitsFor = isLong ? this.#words(stall.for) : undefined;
    if (waitsFor !== undefined && !this.#isTold) {
      const { transfer, name, report } = this.#options;
      const seconds = Math.floor(stall!.ms / 1000);
      report({ event: "stalled", transfer, name, seconds, waitsFor });
    }
    this.#isTold = waitsFor !== undefined;
  }

  #words(waitsFor: WaitsFor): string | undefined {
    const { peer } = this.#options;
    switch (waitsFor) {
      case "credit":
        return `${peer} has granted no more (${formatBytes(this.#exchange.inFlight)} in flight)`;
      case "connection":
        return "the connection takes no more";
      case "data":
        return `nothing comes from ${peer}`;
      case "message":
        return this.missing;
    }
  }
}
