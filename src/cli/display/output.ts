import { asP2pError } from "../../errors.ts";
import type { Stalled } from "../../transfer/events.ts";
import { printable, printableJson, printableName } from "../../ui/printable.ts";
import type { ProgressDisplay } from "../../ui/progress.ts";
import { canAnimate, createStyle, type Style, useColor } from "../../ui/terminal.ts";
import { exitCodeOf } from "../exit_code.ts";
import type { JsonEvent } from "./json_event.ts";

/** Something on the last rows of the terminal that makes way for what is printed. */
export interface Suspendable {
  suspend(): Disposable;
}

/** The options of every command that say how it prints. */
export interface OutputOptions {
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  color?: boolean;
  /** Changes a line before it is printed. */
  layout?: (line: string) => string;
}

/**
 * A command's output: results to stdout, all else to stderr, or with `--json` events to stdout
 * alone.
 */
export class Output {
  /** For stdout. */
  readonly style: Style;
  #stderrStyle: Style;
  #json: boolean;
  #quiet: boolean;
  /** True where lines of a trace take the place of progress. */
  #traces: boolean;
  #layout: (line: string) => string;
  #progress: ProgressDisplay | undefined;
  #question: Suspendable | undefined;

  constructor(options: OutputOptions = {}) {
    const { json = false, quiet = false, color = true, layout = (line) => line } = options;
    this.#layout = layout;
    this.#json = json;
    this.#traces = options.verbose || Boolean(Deno.env.get("P2P_TRACE"));
    this.#quiet = quiet;
    this.style = createStyle(!json && useColor({ noColor: !color }));
    this.#stderrStyle = createStyle(useColor({ noColor: !color, stream: Deno.stderr }));
  }

  /** Loads the progress display where there is a terminal to draw on, and it is not turned off. */
  async showProgress(): Promise<void> {
    if (this.#json || this.#quiet || this.#traces || !canAnimate()) return;
    const { ProgressDisplay } = await import("../../ui/progress.ts");
    this.#progress = new ProgressDisplay();
  }

  /** One event, with `--json` only. */
  event(event: JsonEvent): void {
    if (this.#json) {
      write(Deno.stdout, printableJson({ ...event, time: new Date().toISOString() }) + "\n");
    }
  }

  /** A result. */
  result(line: string): void {
    if (!this.#json) this.#print(Deno.stdout, line);
  }

  /** A note that may be left out. */
  note(line: string): void {
    if (!this.#json && !this.#quiet) this.#print(Deno.stderr, this.#stderrStyle.dim(line));
  }

  /** Lines that were asked for by a signal: on stderr, whatever else is printed. */
  answer(lines: string[]): void {
    for (const line of lines) this.#print(Deno.stderr, line);
  }

  /** A warning: it needs attention, and stops nothing. */
  warning(line: string): void {
    this.#print(Deno.stderr, `${this.#stderrStyle.yellow("warning:")} ${printable(line)}`);
  }

  /**
   * An error: one line, and a hint where there is one; with `--json` also an event. What a person
   * has stopped is none, and not called so.
   */
  failure(error: unknown, about: { name?: string; to?: string } = {}): void {
    const { code, message, hint } = asP2pError(error);
    this.event({
      event: "failed",
      exit: exitCodeOf(error),
      message,
      ...(hint ? { hint } : {}),
      ...about,
    });
    const mark = code === "interrupted" ? "" : `${this.#stderrStyle.red("error:")} `;
    this.#print(Deno.stderr, mark + printable(message));
    if (hint !== undefined) {
      this.#print(Deno.stderr, `${this.#stderrStyle.cyan("hint:")} ${printable(hint)}`);
    }
  }

  /** The bytes of a transfer so far. */
  progress(update: { id: string; name: string; bytes: number; total: number | undefined }): void {
    this.#progress?.update(update);
  }

  /** Nothing moves: told in the progress of the transfer, or as a note where none is shown. */
  stalled({ transfer, name, seconds, waitsFor }: Omit<Stalled, "event">): void {
    if (this.#progress !== undefined && transfer !== undefined) {
      return this.#progress.stall({ id: transfer, name: name ?? "", seconds, waitsFor });
    }
    const about = name === undefined ? "" : `${printableName(name)}: `;
    this.note(`${about}waiting ${seconds} s: ${printable(waitsFor)}`);
  }

  /** A transfer is over. */
  progressDone(id: string): void {
    this.#progress?.finish(id);
  }

  /**
   * Leaves the last rows of the terminal to a question until it is disposed of: what is printed
   * meanwhile comes above it.
   */
  showQuestion(question: Suspendable): Disposable {
    const progress = this.#progress?.suspend();
    this.#question = question;
    return {
      [Symbol.dispose]: () => {
        this.#question = undefined;
        progress?.[Symbol.dispose]();
      },
    };
  }

  /** Takes the progress display off the screen. */
  close(): void {
    this.#progress?.close();
    this.#progress = undefined;
  }

  #print(stream: Stream, line: string) {
    using _progress = this.#progress?.suspend();
    using _question = this.#question?.suspend();
    write(stream, this.#layout(line) + "\n");
  }
}

type Stream = typeof Deno.stdout | typeof Deno.stderr;

/** Writes all of it; a reader that has gone is not an error. */
function write(stream: Stream, text: string) {
  try {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
