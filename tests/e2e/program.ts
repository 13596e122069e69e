import { runtimeEnv } from "../helpers/runtime_env.ts";
import { TextLineStream } from "../helpers/text_line_stream.ts";
import project from "../../deno.json" with { type: "json" };

/** What a finished run has left. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** How a run is set up. */
export interface RunOptions {
  home: string;
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Uint8Array<ArrayBuffer> | undefined;
  /** A command that starts the program in its turn, with the program's own command behind its arguments. */
  through?: string[];
  /** When it counts as hanging, for what is meant to run for longer than {@link RUN_AT_MOST_MS}. */
  atMostMs?: number;
}

/** An event that the program printed with `--json`. */
// deno-lint-ignore no-explicit-any -- fields differ by event, and a test that reads a missing one fails
export type Event = { event: string; time: string } & Record<string, any>;

const ROOT = new URL("../../", import.meta.url);

/** A program that runs for longer hangs: it is killed, and the test fails with what it has printed. */
export const RUN_AT_MOST_MS = 60_000;

/** What lives as long as its test does hangs later: a busy machine may take a minute for the rest of the test. */
const LIVE_AT_MOST_MS = 300_000;

function atMostMsOf([command = ""]: string[]): number {
  return ["serve", "join"].includes(command) ? LIVE_AT_MOST_MS : RUN_AT_MOST_MS;
}

/** The command that starts the program: the executable that `P2P_BIN` names, else `deno task p2p`'s own line. */
export function programCommand(): string[] {
  const executable = Deno.env.get("P2P_BIN");
  if (executable) return [executable];
  const [, ...line] = project.tasks.p2p.split(" ");
  return [Deno.execPath(), ...line.slice(0, -1), new URL("main.ts", ROOT).pathname];
}

/** One run of the program, in an environment of its own. */
export class Program implements AsyncDisposable {
  readonly #args: string[];
  readonly #child: Deno.ChildProcess;
  readonly #stdout = new Lines();
  readonly #stderr = new Lines();
  readonly #finished: Promise<Finished>;
  readonly #atMostMs: number;
  #overdue = false;

  constructor(
    args: string[],
    { home, cwd, env = {}, stdin, through = [], atMostMs = atMostMsOf(args) }: RunOptions,
  ) {
    this.#args = args;
    this.#atMostMs = atMostMs;
    const [command, ...rest] = [...through, ...programCommand()];
    this.#child = new Deno.Command(command!, {
      args: [...rest, ...args],
      cwd: cwd ?? home,
      clearEnv: true,
      env: { ...runtimeEnv(), P2P_HOME: home, ...env },
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#finished = this.#finish();
    this.#finished.catch(() => {}); // Thrown to those who wait for it.
    if (stdin !== undefined) new Response(stdin).body!.pipeTo(this.#child.stdin).catch(() => {});
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The first line of stdout that holds `text`, as soon as it is there. */
  line(text: string): Promise<string> {
    return this.#stdout.find((line) => line.includes(text));
  }

  /** The first line of stderr that holds `text`, as soon as it is there. */
  errorLine(text: string): Promise<string> {
    return this.#stderr.find((line) => line.includes(text));
  }

  /** The first event of that name that `--json` prints and `fits`, as soon as it is there. */
  async event(name: string, fits: (event: Event) => boolean = () => true): Promise<Event> {
    const isIt = (event: Event) => event.event === name && fits(event);
    return JSON.parse(await this.#stdout.find((line) => isIt(JSON.parse(line))));
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  /** What it has printed, and its exit code, once it has ended. */
  get finished(): Promise<Finished> {
    return this.#finished;
  }

  async [Symbol.asyncDispose]() {
    this.kill("SIGKILL");
    await this.#finished;
  }

  async #finish(): Promise<Finished> {
    const overdue = setTimeout(() => {
      this.#overdue = true;
      this.kill("SIGKILL");
    }, this.#atMostMs);
    const [stdout, stderr, { code }] = await Promise.all([
      this.#stdout.readAll(this.#child.stdout),
      this.#stderr.readAll(this.#child.stderr),
      this.#child.status,
    ]);
    clearTimeout(overdue);
    if (this.#overdue) throw new Error(`p2p ${this.#args.join(" ")} hangs:\n${stdout}${stderr}`);
    return { code, stdout, stderr };
  }
}

/** Runs the program to its end. */
export async function run(args: string[], options: RunOptions): Promise<Finished> {
  await using program = new Program(args, options);
  return await program.finished;
}

/** The events of a finished run with `--json`, or those of one name. */
export function eventsOf({ stdout }: Finished, name?: string): Event[] {
  const events = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return name === undefined ? events : events.filter(({ event }) => event === name);
}

/** Lines as they come, kept, and searched by those who wait for one. */
class Lines {
  #lines: string[] = [];
  #ended = false;
  #wake: (() => void)[] = [];

  async readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
    const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.#lines.push(line);
      this.#notify();
    }
    this.#ended = true;
    this.#notify();
    return this.#lines.map((line) => line + "\n").join("");
  }

  async find(matches: (line: string) => boolean): Promise<string> {
    for (let at = 0;; at++) {
      while (at === this.#lines.length) {
        if (this.#ended) {
          throw new Error(`the program has ended without that line:\n${this.#lines.join("\n")}`);
        }
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
      if (matches(this.#lines[at]!)) return this.#lines[at]!;
    }
  }

  #notify() {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
