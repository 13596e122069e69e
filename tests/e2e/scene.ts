import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { treeOf } from "../helpers/tree.ts";
import { type Finished, Program, run, type RunOptions } from "./program.ts";

/** What a scene's hub is started with. */
export interface SceneOptions {
  /** Options of `p2p serve`; `--port 0`, `--dir` and `--name rack` are given already. */
  serve?: string[];
  /** The hub prints lines for people, and no events. */
  plain?: boolean;
  /** For the hub alone. */
  hub?: Partial<RunOptions>;
}

/** How one `p2p send` of a scene is run; `as` is whose home it has, "ana" where nobody says. */
export type SendOptions = Partial<RunOptions> & { as?: string };

/**
 * A real hub, which prints events, on a free port of this machine, and folders: `files` to send from, `received`, where
 * the hub puts things, and a canary in the folder around it. All is gone at the end of the block.
 */
export class Scene implements AsyncDisposable {
  readonly dir: string;
  /** Where `p2p send` runs. */
  readonly files: string;
  /** The hub's `--dir`. */
  readonly received: string;
  hub!: Program;
  /** The hub's port. */
  port = 0;
  #options: SceneOptions;

  /** Makes the folders and starts the hub. */
  static async open(options: SceneOptions = {}): Promise<Scene> {
    const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "p2p-e2e-" }));
    const scene = new Scene(dir, options);
    for (const folder of [scene.files, scene.received]) {
      await Deno.mkdir(folder, { recursive: true });
    }
    await Deno.writeTextFile(join(scene.world, "canary"), "sings");
    try {
      await scene.startHub();
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(dir: string, options: SceneOptions) {
    this.dir = dir;
    this.files = join(dir, "files");
    this.received = join(dir, "world", "received");
    this.#options = options;
  }

  /** The folder around the target. */
  get world(): string {
    return dirname(this.received);
  }

  /** The hub's address, `host:port`. */
  get to(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the hub, again on the same port where there was one, and waits until it listens. */
  async startHub(home = "hub", env?: Record<string, string>): Promise<void> {
    const { serve = [], plain, hub } = this.#options;
    const place = ["--port", String(this.port), "--dir", this.received, "--name", "rack"];
    const args = ["serve", ...plain ? [] : ["--json"], ...place, ...serve];
    this.hub = new Program(args, { home: await this.home(home), ...hub, ...env && { env } });
    this.port = plain
      ? Number(/:(\d+)$/.exec(await this.hub.line("to send"))![1])
      : (await this.hub.event("listening")).port;
  }

  /** Stops the hub by `signal` and returns what it has printed. */
  async stopHub(signal: Deno.Signal): Promise<Finished> {
    this.hub.kill(signal);
    return await this.hub.finished;
  }

  /** Starts `p2p send` with `args`, to the hub where neither they nor P2P_TO say. */
  async sending(args: string[], { as = "ana", ...options }: SendOptions = {}): Promise<Program> {
    const told = args.includes("--to") || options.env?.P2P_TO !== undefined;
    const to = told ? [] : ["--to", this.to];
    return new Program(["send", ...to, "--name", as, ...args], {
      home: await this.home(as),
      cwd: this.files,
      ...options,
    });
  }

  /** Runs `p2p send` to its end. */
  async send(args: string[], options: SendOptions = {}): Promise<Finished> {
    await using program = await this.sending(args, options);
    return await program.finished;
  }

  /** Runs `p2p status` for "ana". */
  status(args: string[] = []): Promise<Finished> {
    return this.ask("status", args);
  }

  /** Runs a command that asks the hub, such as `p2p peers`. */
  async ask(command: string, args: string[] = [], { as = "ana" } = {}): Promise<Finished> {
    const line = [command, this.to, "--name", as, ...args];
    return await run(line, { home: await this.home(as) });
  }

  /** The folder with the keys of the installation called `name`. */
  async home(name: string): Promise<string> {
    const home = join(this.dir, "homes", name);
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    return home;
  }

  /** Writes a file to be sent. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    const path = join(this.files, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }

  /** The bytes that arrived under `name`. */
  read(name: string): Promise<Uint8Array> {
    return Deno.readFile(join(this.received, name));
  }

  /** The text that arrived under `name`. */
  async readText(name: string): Promise<string> {
    return new TextDecoder().decode(await this.read(name));
  }

  /** The names at the top of the hub's folder, sorted, without staging. */
  names(): string[] {
    const names = [...Deno.readDirSync(this.received)].map(({ name }) => name);
    return names.filter((name) => name !== ".p2p-partial").sort();
  }

  /** What lies in staging. */
  parts(): string[] {
    return [...Deno.readDirSync(join(this.received, ".p2p-partial"))].map(({ name }) => name);
  }

  /** Resolves when the hub has cleared its staging, which it does after the sender's last word. */
  cleared(): Promise<void> {
    return eventually(() => assert.deepEqual(this.parts(), []));
  }

  /** All that lies around the hub's folder: nothing that arrives may change it. */
  around(): Promise<Record<string, string>> {
    return treeOf(this.world, "received");
  }

  async [Symbol.asyncDispose]() {
    try {
      await this.hub?.[Symbol.asyncDispose]();
    } finally {
      await Deno.remove(this.dir, { recursive: true });
    }
  }
}
