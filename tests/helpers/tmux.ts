import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";

/** Whether there is a tmux to run programs in. */
export const hasTmux = await tmux("", ["-V"]).then(() => true, () => false);

/** How a terminal is set up. */
export interface TmuxOptions {
  cwd: string;
  env: Record<string, string>;
  columns?: number;
  rows?: number;
}

/** Runs a program, and when it has ended tells its exit code and what it has left the terminal like. Ctrl-C is for it. */
const SCRIPT = `trap : INT; "$@"; echo "[exit $?]"
  stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(icanon|echo)'; cat`;

/** A terminal of its own, in which one program runs, with keys to press and a screen to look at. */
export class TmuxTerminal implements AsyncDisposable {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts a program, 80 columns by 24 rows where nobody says. */
  static async open<T extends TmuxTerminal>(
    this: new (socket: string) => T,
    command: string[],
    { cwd, env, columns = 80, rows = 24 }: TmuxOptions,
  ): Promise<T> {
    const socket = await Deno.makeTempFile({ prefix: "p2p-tmux-" });
    await Deno.remove(socket);
    const session = ["new-session", "-d", "-x", `${columns}`, "-y", `${rows}`];
    await tmux(socket, [...session, "--", "sh", "-c", SCRIPT, "sh", ...command], { cwd, env });
    return new this(socket);
  }

  /** Presses keys by tmux's names: Enter, Escape, Down, C-c. */
  async press(...keys: string[]): Promise<void> {
    await tmux(this.#socket, ["send-keys", ...keys]);
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await tmux(this.#socket, ["send-keys", "-l", text]);
  }

  /** The lines that are on the screen now, without empty ones at the end. */
  async lines(): Promise<string[]> {
    const screen = await tmux(this.#socket, ["capture-pane", "-p"]);
    return screen.trimEnd().split("\n");
  }

  /** Waits until what is on the screen fits, and returns it. */
  async until(fits: (lines: string[]) => boolean, what: string): Promise<string[]> {
    let lines: string[] = [];
    await eventually(async () => {
      lines = await this.lines();
      assert.ok(fits(lines), `the screen does not show ${what}:\n${lines.join("\n")}`);
    });
    return lines;
  }

  /** Waits until a text is on the screen, which may break it between words at a guide. */
  async shows(text: string): Promise<void> {
    await this.until((lines) => joined(lines).includes(text), `"${text}"`);
  }

  /** Waits for the program's end; returns its exit code and whether the terminal is as it was before. */
  async ended(): Promise<{ code: number; inOrder: boolean }> {
    const lines = await this.until((lines) => lines.at(-1)?.endsWith("echo") === true, "an end");
    const cursor = await tmux(this.#socket, ["display-message", "-p", "#{cursor_flag}"]);
    return {
      code: Number(/\[exit (\d+)\]/.exec(lines.join("\n"))?.[1]),
      inOrder: cursor.trim() === "1" && lines.includes("icanon") && lines.includes("echo"),
    };
  }

  /** The process of the program. */
  async pid(): Promise<number> {
    const shell = await tmux(this.#socket, ["display-message", "-p", "#{pane_pid}"]);
    return Number(await output("ps", ["-o", "pid=", "--ppid", shell.trim()]));
  }

  async [Symbol.asyncDispose]() {
    await tmux(this.#socket, ["kill-server"]);
    await Deno.remove(this.#socket).catch(() => {}); // Newer ones do that themselves.
  }
}

/** What lines say, as one line, without the guides in front. */
export function joined(lines: string[]): string {
  return lines.map((line) => line.replace(/^[│┌└] */, "").trim()).join(" ");
}

function tmux(
  socket: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { cwd, env = {} } = options;
  const own = ["-S", socket, "-f", "/dev/null", "-u"];
  return output("tmux", [...own, ...args], { ...cwd && { cwd }, env: { TMUX: "", ...env } });
}

async function output(
  command: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, ...options })
    .output();
  assert.ok(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
