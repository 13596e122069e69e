import { join } from "node:path";
import { TempDir } from "../helpers/temp_dir.ts";

const SHARED_MEMORY = "/dev/shm";

const FAKETIME = ["-m", "-f", "--exclude-monotonic", "+0"];

const library = await fakedBy();

/** Whether programs can be given a system clock of their own here: Debian's `faketime` does that. */
export const canJump = library !== undefined;

/** A system clock for programs of one test, which is set while they run; the monotonic clock goes on as it was. */
export class JumpingClock implements AsyncDisposable {
  readonly #dir: TempDir;

  /** A clock that is right so far. */
  static async open(): Promise<JumpingClock> {
    const clock = new JumpingClock(await TempDir.make());
    await clock.jump(0);
    return clock;
  }

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  /** Starts a program with this clock, in a process that is its own. Times of files are those of the disk. */
  get through(): string[] {
    return [
      ...["env", `LD_PRELOAD=${library}`, "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"],
      ...["FAKETIME_NO_CACHE=1", `FAKETIME_TIMESTAMP_FILE=${this.#path}`],
    ];
  }

  /** Sets it so many days off the right time, at once for all programs. */
  async jump(days: number): Promise<void> {
    const written = this.#dir.join("next");
    await Deno.writeTextFile(written, `${days < 0 ? "" : "+"}${days}d\n`);
    await Deno.rename(written, this.#path);
  }

  async [Symbol.asyncDispose]() {
    await this.#dir[Symbol.asyncDispose]();
    await sweep();
  }

  get #path(): string {
    return join(this.#dir.path, "clock");
  }
}

/** What `faketime` puts between a program and its clock; it starts a process more, which would take the signals. */
async function fakedBy(): Promise<string | undefined> {
  try {
    await sweep();
    const args = [...FAKETIME, "printenv", "LD_PRELOAD"];
    const { success, stdout } = await new Deno.Command("faketime", { args }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the clocks of programs that were killed: the next one that gets the number of such a process would not start. */
async function sweep(): Promise<void> {
  for await (const { name } of Deno.readDir(SHARED_MEMORY)) {
    const pid = /^(?:faketime_shm|sem\.faketime_sem)_(\d+)$/.exec(name)?.[1];
    if (pid === undefined || await isThere(join("/proc", pid))) continue;
    await Deno.remove(join(SHARED_MEMORY, name)).catch(() => {}); // Another test was first.
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
