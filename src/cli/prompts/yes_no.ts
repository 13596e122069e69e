import { stdin } from "node:process";
import { repaint } from "../../ui/repaint.ts";
import { terminalSize, writeToStderr } from "../../ui/terminal.ts";
import { wrapWords } from "../../ui/wrap_words.ts";

/** Keys that come sooner were meant for something else. */
const IGNORED_MS = 500;

/** Hands keys to `take` until it is disposed of. */
export type Keys = (take: (key: string) => void) => Disposable;

/** The terminal of a question; the one of this program by default. */
export interface YesNoOptions {
  write?: (text: string) => void;
  columns?: () => number;
  keys?: Keys;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

/**
 * A question on the last rows of a terminal, answered by one key: no, unless that is `y`. Lines that
 * are printed while it is open come above it, and it is drawn again.
 */
export class YesNo {
  readonly #message: string;
  readonly #options: Required<YesNoOptions>;
  #drawn: { lines: string[]; columns: number } = { lines: [], columns: 0 };

  constructor(message: string, options: YesNoOptions = {}) {
    this.#message = message;
    this.#options = {
      write: writeToStderr,
      columns: () => terminalSize().columns,
      keys: keysOfTerminal,
      now: () => performance.now(),
      ...options,
    };
  }

  /** Asks; no where `signal` aborts before there is an answer. */
  async ask(signal: AbortSignal): Promise<boolean> {
    const { keys, now, write } = this.#options;
    const answer = Promise.withResolvers<boolean>();
    const openedAt = now();
    const onAbort = () => answer.resolve(false);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return false;
    using _ = keys((key) => {
      if (now() - openedAt >= IGNORED_MS) answer.resolve(/^y/i.test(key));
    });
    this.#draw();
    const isYes = await answer.promise;
    signal.removeEventListener("abort", onAbort);
    this.#erase();
    write(`${this.#message} ${isYes ? "yes" : "no"}\n`);
    return isYes;
  }

  /** Takes it off the screen until that is disposed of. */
  suspend(): Disposable {
    this.#erase();
    return { [Symbol.dispose]: () => this.#draw() };
  }

  #draw() {
    const columns = this.#options.columns();
    const lines = wrapWords(`${this.#message} (y/N)`, columns);
    this.#options.write(repaint([], lines, { columns, resized: false }));
    this.#drawn = { lines, columns };
  }

  #erase() {
    const columns = this.#options.columns();
    const resized = columns !== this.#drawn.columns;
    this.#options.write(repaint(this.#drawn.lines, [], { columns, resized }));
    this.#drawn = { lines: [], columns };
  }
}

/** Each key by itself; Ctrl-C stays a signal, where the system has them. */
function keysOfTerminal(take: (key: string) => void): Disposable {
  const onData = (bytes: Uint8Array) => take(new TextDecoder().decode(bytes));
  Deno.stdin.setRaw(true, { cbreak: Deno.build.os !== "windows" });
  stdin.on("data", onData).resume();
  return {
    [Symbol.dispose]() {
      stdin.off("data", onData);
      stdin.pause();
      Deno.stdin.setRaw(false);
    },
  };
}
