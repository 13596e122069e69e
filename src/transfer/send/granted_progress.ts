import { systemClock } from "../../clock.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import type { Report } from "../events.ts";
import { ProgressPace } from "../progress_pace.ts";
import type { Source } from "../source/source.ts";

/** A run that takes so long is told of, although nothing was granted anew yet. */
const SHOWN_AFTER_MS = 250;

/** The run that progress is told of. */
export interface GrantedProgressOptions {
  source: Pick<Source, "name" | "size">;
  transfer: string;
  /** The place at which the run begins. */
  offset: number;
  report: Report;
}

/**
 * Reports how far a run is by what the other side has accepted to go on from and granted anew: what
 * was read or written here may be on the line for long (SPEC.md §11).
 */
export class GrantedProgress implements Disposable {
  readonly #exchange: Exchange;
  readonly #options: GrantedProgressOptions;
  readonly #pace: ProgressPace;
  readonly #first: Disposable;

  constructor(exchange: Exchange, options: GrantedProgressOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#pace = new ProgressPace(-1, (bytes) => this.#report(bytes));
    if (options.offset > 0) this.#pace.at(this.#shown);
    this.#first = systemClock.after(SHOWN_AFTER_MS, () => this.#pace.at(this.#shown));
    exchange.onGranted = () => this.#pace.at(this.#shown);
  }

  /** Reports that all `bytes` of the content stream are there. */
  end(bytes: number): void {
    this.#pace.end(this.#atMostTotal(bytes));
  }

  [Symbol.dispose]() {
    this.#first[Symbol.dispose]();
    this.#exchange.onGranted = undefined;
  }

  get #shown(): number {
    return this.#atMostTotal(this.#options.offset + this.#exchange.chunksTaken * CHUNK_BYTES);
  }

  /** An archive is longer than what was announced of its files. */
  #atMostTotal(bytes: number): number {
    return Math.min(bytes, this.#options.source.size ?? Infinity);
  }

  #report(bytes: number) {
    const { source: { name, size: total }, transfer, report } = this.#options;
    report({ event: "progress", transfer, name, bytes, total });
  }
}
