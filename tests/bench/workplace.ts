const LOOK_EVERY_MS = 5;

/** The folder in which a run of the benchmarks writes, and the processes that it starts: all gone at its end, however it ends. */
export class Workplace implements Disposable {
  readonly #dir: string;

  /** Makes the folder, which is that of temporary files from now on, here and in what is started. */
  constructor() {
    this.#dir = Deno.makeTempDirSync({ prefix: "p2p-bench-" });
    Deno.env.set("TMPDIR", this.#dir);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => {
        this[Symbol.dispose]();
        Deno.exit(130);
      });
    }
    globalThis.addEventListener("unhandledrejection", () => this[Symbol.dispose]());
  }

  /** In one go, so that what fails because of it cannot start or write anything new. */
  [Symbol.dispose]() {
    const pids = descendants(Deno.pid);
    for (const pid of pids) kill(pid);
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (pids.some(isRunning)) Atomics.wait(sleeper, 0, 0, LOOK_EVERY_MS);
    try {
      Deno.removeSync(this.#dir, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The children of a process, theirs, and so on. */
function descendants(of: number): number[] {
  const parents = [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    const status = statusOf(Number(name));
    return status === undefined ? [] : [{ pid: Number(name), parent: status.parent }];
  });
  const below = (pid: number): number[] =>
    parents.filter(({ parent }) => parent === pid).flatMap(({ pid }) => [pid, ...below(pid)]);
  return below(of);
}

function kill(pid: number) {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function isRunning(pid: number): boolean {
  const state = statusOf(pid)?.state;
  return state !== undefined && state !== "Z"; // A zombie waits for nothing but to be seen.
}

/** State and parent of a process, of proc(5); undefined where there is none. */
function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
