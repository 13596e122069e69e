/** Whether a person can be asked: stdin and stderr are a terminal that understands cursor movement. */
export function isInteractive(): boolean {
  return Deno.stdin.isTerminal() && canAnimate();
}

/** Whether progress can be drawn: stderr is a terminal that understands cursor movement. */
export function canAnimate(): boolean {
  return Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** Whether a stream takes colour: a terminal, without `--no-color` and without `NO_COLOR` (no-color.org). */
export function useColor(
  options: { noColor: boolean; stream?: { isTerminal(): boolean } },
): boolean {
  const { noColor, stream = Deno.stdout } = options;
  const refused = noColor || Boolean(Deno.env.get("NO_COLOR"));
  return !refused && stream.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** Columns and rows of the terminal, 80 × 24 where nobody knows. */
export function terminalSize(): TerminalSize {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // No terminal at all.
  }
  return { columns: 80, rows: 24 };
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Writes text to stderr at once; a stderr that has gone is no reason to fail. */
export function writeToStderr(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
  } catch {
    // Whoever would read it is not there any more.
  }
}

/** Functions that put text in a colour or weight, or leave it as it is where there is no colour. */
export function createStyle(color: boolean): Style {
  const style = (on: number, off: number) => (text: string) =>
    color ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    cyan: style(36, 39),
  };
}

export type Style = Record<
  "bold" | "dim" | "red" | "green" | "yellow" | "cyan",
  (text: string) => string
>;
