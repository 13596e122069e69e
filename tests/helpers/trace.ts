/** One call to the system; `start` and `end` count the lines of the trace, so that calls of all threads have one order. */
export interface Call {
  readonly name: string;
  /** As strace prints them, with the paths of open files (`-yy`). */
  readonly args: string;
  /** What it gave; -1 where it failed, or had not ended. */
  readonly result: number;
  readonly start: number;
  readonly end: number;
}

/** The command that runs a program with its calls of some names written to `path`, one a line, of all its threads. */
export function traced(path: string, names: readonly string[]): string[] {
  // Other machines may not have each of them.
  const trace = names.map((name) => `?${name}`).join();
  return ["strace", "-D", "-f", "-yy", "-qq", "-s", "64", "-o", path, "-e", `trace=${trace}`];
}

/** The calls of a trace, in the order in which they began. */
export function parseTrace(text: string): Call[] {
  const open = new Map<string, Call>();
  const calls: Call[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const [, thread, resumed, name = "", args = ""] = LINE.exec(line) ?? [];
    if (thread === undefined) continue;
    const key = `${thread} ${name}`;
    const before = resumed === undefined ? undefined : open.get(key);
    const result = Number(/ = (-?\d+)[^=]*$/.exec(line)?.[1] ?? -1);
    const isOpen = line.endsWith("<unfinished ...>");
    const end = isOpen ? Infinity : at;
    const call = before === undefined
      ? { name, args, result, start: at, end }
      : { ...before, result, end };
    if (isOpen) open.set(key, call);
    if (before === undefined) calls.push(call);
    else calls[calls.indexOf(before)] = call;
  }
  return calls;
}

const LINE = /^(\d+) +(<\.\.\. )?(\w+)(?: resumed>|\()(.*)$/;
