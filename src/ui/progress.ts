import { RateMeter } from "./rate_meter.ts";
import { type ProgressItem, renderProgress } from "./render_progress.ts";
import { repaint } from "./repaint.ts";
import { type TerminalSize, terminalSize, writeToStderr } from "./terminal.ts";

/** How often progress is drawn. */
const DRAW_EVERY_MS = 100;

/**
 * Lines of progress at the bottom of a terminal, drawn ten times a second while something runs. Between draws the cursor
 * stands on the line below them, so that an end at any moment leaves the terminal in order. Loading it takes some 30 ms,
 * so import it where `canAnimate()` holds only.
 */
export class ProgressDisplay implements Disposable {
  readonly #write: (text: string) => void;
  readonly #size: () => TerminalSize;
  readonly #now: () => number;
  readonly #running = new Map<string, Running>();
  #finished = { count: 0, bytes: 0 };
  #drawn: readonly string[] = [];
  #drawnColumns = 0;
  #suspensions = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(options: ProgressDisplayOptions = {}) {
    this.#write = options.write ?? writeToStderr;
    this.#size = options.size ?? terminalSize;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Notes how far a transfer is; the first note of an `id` starts its line. It is drawn with the next draw. */
  update(progress: { id: string; name: string; bytes: number; total: number | undefined }): void {
    if (this.#closed) return;
    const { id, ...state } = progress;
    const meter = this.#running.get(id)?.meter ?? newMeter(state.bytes, this.#now());
    this.#running.set(id, { ...state, meter });
    this.#timer ??= startTimer(() => this.draw());
  }

  /** Notes that nothing moves in a transfer, for `seconds` by now, and why; its line says so until the next update. */
  stall({ id, name, seconds, waitsFor }: StallNote): void {
    if (this.#closed) return;
    const now = this.#now();
    const { stall: _, ...known } = this.#running.get(id) ??
      { name, bytes: 0, total: undefined, meter: newMeter(0, now) };
    this.#running.set(id, { ...known, stall: { since: now - seconds * 1000, waitsFor } });
    this.#timer ??= startTimer(() => this.draw());
  }

  /** Takes a transfer's line away, however it ended. */
  finish(id: string): void {
    const item = this.#running.get(id);
    if (item === undefined) return;
    this.#running.delete(id);
    this.#finished.count += 1;
    this.#finished.bytes += item.bytes;
    if (this.#running.size === 0) this.#stop();
  }

  /** Prints a line, already printable, above the progress. */
  print(line: string): void {
    using _ = this.suspend();
    this.#write(`${line}\n`);
  }

  /** Leaves the terminal to others until it is disposed of: for a question, or for results on stdout. */
  suspend(): Disposable {
    this.#suspensions += 1;
    this.#paint([]);
    return {
      [Symbol.dispose]: () => {
        this.#suspensions -= 1;
        this.draw();
      },
    };
  }

  /** Draws what has changed, in the width that the terminal has now. */
  draw(): void {
    if (this.#suspensions > 0 || this.#running.size === 0) return;
    const now = this.#now();
    const items = [...this.#running.values()].map(({ meter, stall, ...state }) => ({
      ...state,
      rate: meter.sample(state.bytes, now),
      note: stall && `waiting ${Math.floor((now - stall.since) / 1000)} s: ${stall.waitsFor}`,
    }));
    const overall = items.length > 1 ? this.#overall(items) : undefined;
    const size = this.#size();
    this.#paint(renderProgress(items, { ...size, overall }), size.columns);
  }

  /** Takes all progress off the screen, for good. */
  close(): void {
    this.#closed = true;
    this.#running.clear();
    this.#stop();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#finished = { count: 0, bytes: 0 };
    this.#paint([]);
  }

  #overall(items: readonly ProgressItem[]): ProgressItem {
    const { count, bytes } = this.#finished;
    const remaining = sum(items.map((item) => (item.total ?? NaN) - item.bytes));
    const done = bytes + sum(items.map((item) => item.bytes));
    const rates = items.flatMap(({ rate }) => rate ?? []);
    return {
      name: `total, ${count} of ${count + items.length} done`,
      bytes: done,
      total: Number.isNaN(remaining) ? undefined : done + remaining,
      rate: rates.length === 0 ? undefined : sum(rates),
    };
  }

  #paint(lines: readonly string[], columns = this.#size().columns): void {
    const frame = repaint(this.#drawn, lines, { columns, resized: columns !== this.#drawnColumns });
    if (frame !== "") this.#write(frame);
    this.#drawn = lines;
    this.#drawnColumns = columns;
  }
}

export interface ProgressDisplayOptions {
  /** Where it is drawn; stderr by default. */
  readonly write?: (text: string) => void;
  /** Asked at each draw; the size of the terminal by default. */
  readonly size?: () => TerminalSize;
  /** Milliseconds of a clock that never goes back; `performance.now` by default. */
  readonly now?: () => number;
}

interface Running {
  readonly name: string;
  readonly bytes: number;
  readonly total: number | undefined;
  readonly meter: RateMeter;
  /** Where nothing moves: since when, and what it waits for. */
  readonly stall?: { since: number; waitsFor: string };
}

/** A transfer in which nothing moves. */
export interface StallNote {
  readonly id: string;
  readonly name: string;
  readonly seconds: number;
  readonly waitsFor: string;
}

function newMeter(bytes: number, now: number): RateMeter {
  const meter = new RateMeter();
  meter.sample(bytes, now);
  return meter;
}

function startTimer(tick: () => void): ReturnType<typeof setInterval> {
  const timer = setInterval(tick, DRAW_EVERY_MS);
  // A display that nobody closed is no reason for the program to go on.
  Deno.unrefTimer(timer);
  return timer;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
