import { programCommand, RUN_AT_MOST_MS } from "./program.ts";

/** Whether this machine has the program that gives another one a terminal of its own. */
export const hasScript: boolean = await new Deno.Command("script", { args: ["--version"] }).output()
  .then(({ stdout }) => new TextDecoder().decode(stdout).includes("util-linux"), () => false);

/** A run of the program in a terminal: what is shown there, and what a person types. */
export class TerminalProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #screen = "";
  #ended = false;
  #wake: (() => void)[] = [];

  constructor(args: string[], { home, cwd }: { home: string; cwd: string }) {
    const line = [...programCommand(), ...args].map(quoted).join(" ");
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--flush", "--command", line, "/dev/null"],
      env: { P2P_HOME: home, TERM: "xterm-256color", SHELL: "/bin/sh", NO_COLOR: "" },
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** All that was shown until `part` came, as soon as that is there. */
  async shown(part: string | RegExp): Promise<string> {
    while (!(typeof part === "string" ? this.#screen.includes(part) : part.test(this.#screen))) {
      if (this.#ended) throw new Error(`"${part}" was not shown, but:\n${this.#screen}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.#screen;
  }

  /** Types keys; `\x03` is Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** All that was shown, and the exit code, once the program has ended. */
  async finished(): Promise<{ code: number; screen: string }> {
    const { code } = await this.#child.status;
    await this.#reading;
    return { code, screen: this.#screen };
  }

  async [Symbol.asyncDispose]() {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#keys.close().catch(() => {});
    await this.finished();
  }

  async #read() {
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), RUN_AT_MOST_MS);
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#screen += text;
      for (const wake of this.#wake.splice(0)) wake();
    }
    clearTimeout(overdue);
    this.#ended = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
