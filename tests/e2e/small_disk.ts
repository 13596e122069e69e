import { join } from "node:path";
import { hasTool } from "../helpers/has_tool.ts";
import { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** Whether a program can be given a disk of its own here. */
export const canMount = await hasTool("unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt");

/** A hub that sees a small disk in the place of one of its folders; nobody else does. */
export class SmallDisk {
  readonly #hub: Program;
  readonly #folder: string;

  /** Starts the hub of `scene` again, with a tmpfs of these mount options at `folder`. */
  static async mount(scene: Scene, folder: string, options: string): Promise<SmallDisk> {
    await scene.stopHub("SIGKILL");
    const script = `mount -t tmpfs -o ${options} none "$0" && exec "$@"`;
    const args = ["serve", "--json", "--port", `${scene.port}`, "--dir", scene.received];
    scene.hub = new Program([...args, "--name", "rack"], {
      home: await scene.home("hub"),
      cwd: scene.dir,
      through: ["unshare", "-rm", "sh", "-c", script, folder],
    });
    await scene.hub.event("listening");
    return new SmallDisk(scene.hub, folder);
  }

  private constructor(hub: Program, folder: string) {
    this.#hub = hub;
    this.#folder = folder;
  }

  /** How to get at what lies on it, while the hub runs. */
  path(...names: string[]): string {
    return join(`/proc/${this.#hub.pid}/root`, this.#folder, ...names);
  }

  /** Writes a file until there is no room; gives its path. */
  async fill(): Promise<string> {
    const path = this.path("filler");
    using file = await Deno.open(path, { write: true, createNew: true });
    const bytes = new Uint8Array(2 ** 16);
    try {
      while (await file.write(bytes) > 0);
    } catch {
      // That was the last of it.
    }
    return path;
  }

  /** Makes empty files until there can be no more; gives the path of their folder. */
  async fillInodes(): Promise<string> {
    const folder = this.path("fillers");
    await Deno.mkdir(folder);
    try {
      for (let i = 0;; i++) await Deno.writeTextFile(join(folder, `${i}`), "");
    } catch {
      return folder;
    }
  }

  /** Changes its mount options. */
  async remount(options: string): Promise<void> {
    const at = ["-t", `${this.#hub.pid}`, "-U", "-m", "--preserve-credentials"];
    const mount = ["mount", "-o", `remount,${options}`, this.#folder];
    const { success } = await new Deno.Command("nsenter", { args: [...at, ...mount] }).output();
    if (!success) throw new Error(`cannot remount with ${options}`);
  }
}
