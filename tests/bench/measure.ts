/** What one run took: of the sender, and of those who worked for it, the hub and receivers. */
export interface Sample {
  /** Wall clock. */
  seconds: number;
  /** Processor seconds, by whose; whoever cannot be asked is left out. */
  cpu: Record<string, number>;
  /** Peak resident bytes of the largest process, by whose. */
  peak: Record<string, number>;
}

/** A command and where it is run. */
export interface Command {
  line: string[];
  cwd?: string;
  env?: Record<string, string>;
}

/** Processes that were there before and work for what is measured, by what they are. */
export type Watched = Record<string, number[]>;

/** Runs commands side by side to their ends, as the "sender", by GNU time where that is installed. Throws where one fails. */
export async function measure(commands: Command[], watched: Watched = {}): Promise<Sample> {
  let used: (Usage | undefined)[] = [];
  const sample = await watch(watched, async () => {
    used = await Promise.all(commands.map(runTimed));
  });
  const known = used.filter((usage) => usage !== undefined);
  return known.length < used.length ? sample : {
    seconds: sample.seconds,
    cpu: { sender: sum(known.map(({ cpu }) => cpu)), ...sample.cpu },
    peak: { sender: Math.max(...known.map(({ peak }) => peak)), ...sample.peak },
  };
}

/** What `work` takes, and what the processes that are `watched` use meanwhile; their peaks are those since they began. */
export async function watch(watched: Watched, work: () => Promise<void>): Promise<Sample> {
  const before = await usageOf(watched);
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const cpu: Sample["cpu"] = {};
  const peak: Sample["peak"] = {};
  for (const [who, usages] of Object.entries(await usageOf(watched))) {
    cpu[who] = sum(usages.map(({ cpu }) => cpu)) - sum(before[who]!.map(({ cpu }) => cpu));
    peak[who] = Math.max(...usages.map(({ peak }) => peak));
  }
  return { seconds, cpu, peak };
}

/** What a process has used: processor seconds, and peak resident bytes. */
export interface Usage {
  cpu: number;
  peak: number;
}

/** What a running process has used so far; processor seconds of the children that it has waited for are in it. */
export async function usage(pid: number): Promise<Usage> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const ticks = sum(fields.slice(11, 15)); // utime, stime, cutime, cstime: proc(5)
  return { cpu: ticks / 100, peak: await memory(pid, "VmHWM") };
}

/** Resident bytes of a process: now (`VmRSS`), or at their peak (`VmHWM`). */
export async function memory(pid: number, which: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1024 * Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
}

/** Writes out what is left from before, so that it does not count for what comes. */
export async function syncDisks(): Promise<void> {
  await new Deno.Command("sync").output();
}

async function usageOf(watched: Watched): Promise<Record<string, Usage[]>> {
  const entries = Object.entries(watched).map(async ([who, pids]) =>
    [who, await Promise.all(pids.map(usage))] as const
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function runTimed({ line, ...options }: Command): Promise<Usage | undefined> {
  const isTimed = await hasTime();
  const [command, ...args] = isTimed ? ["/usr/bin/time", "-q", "-f", "\n%U %S %M", ...line] : line;
  const { code, stderr } = await new Deno.Command(command!, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...options,
  }).output();
  const text = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new Error(`${line.join(" ")} failed with ${code}:\n${text}`);
  if (!isTimed) return undefined;
  const [user, system, kilobytes] = text.split("\n").at(-1)!.split(" ").map(Number);
  return { cpu: user! + system!, peak: kilobytes! * 1024 };
}

function sum(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

let time: Promise<boolean> | undefined;

function hasTime(): Promise<boolean> {
  return time ??= Deno.stat("/usr/bin/time").then(() => true, () => false);
}
