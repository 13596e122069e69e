/** What one run of a command took. */
export interface Sample {
  /** Wall clock. */
  seconds: number;
  /** Processor seconds of the command and of the servers that worked for it; undefined where nobody says. */
  cpu: number | undefined;
  /** Peak resident bytes of the largest process; undefined where nobody says. */
  peak: number | undefined;
}

/** Runs a command to its end and measures it by GNU time, where that is installed. Throws where it fails. */
export async function measure(
  command: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Sample> {
  const timed = await hasTime()
    ? ["/usr/bin/time", "-q", "-f", "\n%e %U %S %M", ...command]
    : command;
  const started = performance.now();
  const { code, stderr } = await new Deno.Command(timed[0]!, {
    args: timed.slice(1),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...options,
  }).output();
  const seconds = (performance.now() - started) / 1000;
  const text = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new Error(`${command.join(" ")} failed with ${code}:\n${text}`);
  const [, user, system, kilobytes] = await hasTime()
    ? text.split("\n").at(-1)!.split(" ").map(Number)
    : [];
  return {
    seconds,
    cpu: user === undefined ? undefined : user + system!,
    peak: kilobytes && kilobytes * 1024,
  };
}

/** What a running process has used so far, its children included: processor seconds, and peak resident bytes. */
export async function usage(pid: number): Promise<{ cpu: number; peak: number }> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0); // utime, stime, cutime, cstime: proc(5)
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return { cpu: ticks / 100, peak: 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) };
}

/** The middle one of `values`, or the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(half)]!
    : (sorted[half - 1]! + sorted[half]!) / 2;
}

let time: Promise<boolean> | undefined;

function hasTime(): Promise<boolean> {
  return time ??= Deno.stat("/usr/bin/time").then(() => true, () => false);
}
