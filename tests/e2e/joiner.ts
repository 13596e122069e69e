import { join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { type Finished, Program } from "./program.ts";
import type { Scene } from "./scene.ts";

/** How somebody joins. */
export interface JoinOptions {
  /** More arguments of `p2p join`. */
  args?: string[];
  /** Whose keys: by default those of `name`. */
  as?: string;
  /** Prints lines for people, and no events. */
  plain?: boolean;
  /** When it counts as hanging. */
  atMostMs?: number;
}

/** Somebody who is joined to the hub of a scene in a process of their own, and the folder in which things arrive. */
export class Joiner implements AsyncDisposable {
  readonly name: string;
  /** Where things arrive. */
  readonly dir: string;
  readonly #scene: Scene;
  readonly #options: JoinOptions;
  program!: Program;

  /** Joins, and resolves once the hub has taken it. */
  static async join(scene: Scene, name: string, options: JoinOptions = {}): Promise<Joiner> {
    const joiner = new Joiner(scene, name, options);
    await joiner.start();
    await joiner.joined();
    return joiner;
  }

  /** Several, at the same time. */
  static async joinAll(
    scene: Scene,
    names: string[],
    options: JoinOptions = {},
  ): Promise<Joiners> {
    return new Joiners(await Promise.all(names.map((name) => Joiner.join(scene, name, options))));
  }

  constructor(scene: Scene, name: string, options: JoinOptions = {}) {
    this.#scene = scene;
    this.name = name;
    this.#options = options;
    this.dir = join(scene.dir, "world", `of ${options.as ?? name}`);
  }

  /** Starts the process, again where it has ended. */
  async start(): Promise<void> {
    const { args = [], as = this.name, plain, atMostMs } = this.#options;
    await Deno.mkdir(this.dir, { recursive: true });
    const place = [this.#scene.to, "--name", this.name, "--dir", this.dir];
    this.program = new Program(["join", ...place, ...plain ? [] : ["--json"], ...args], {
      home: await this.#scene.home(as),
      ...atMostMs !== undefined && { atMostMs },
    });
  }

  /** Resolves once the hub has taken it. */
  async joined(): Promise<void> {
    if (this.#options.plain) await this.program.line("joined ");
    else await this.program.event("joined", ({ peer }) => peer === this.name);
  }

  /** Ends the process. */
  async stop(signal: Deno.Signal): Promise<Finished> {
    this.program.kill(signal);
    return await this.program.finished;
  }

  /** Resolves when `name` has arrived; its bytes. */
  async received(name: string): Promise<Uint8Array> {
    const { path } = await this.program.event("received", (event) => event.name === name);
    return await Deno.readFile(path);
  }

  /** What has arrived, without staging, sorted. */
  names(): string[] {
    const names = [...Deno.readDirSync(this.dir)].map(({ name }) => name);
    return names.filter((name) => name !== ".p2p-partial").sort();
  }

  /** Resolves when nothing is left of what was on its way. */
  cleared(): Promise<void> {
    return eventually(() => {
      const parts = [...Deno.readDirSync(join(this.dir, ".p2p-partial"))];
      if (parts.length > 0) throw new Error(`${parts.length} parts are left at ${this.name}`);
    });
  }

  async [Symbol.asyncDispose]() {
    await this.program?.[Symbol.asyncDispose]();
  }
}

/** Several people, by their order. */
class Joiners extends Array<Joiner> implements AsyncDisposable {
  constructor(joiners: Joiner[]) {
    super();
    this.push(...joiners);
  }

  /** A map of them is an ordinary list. */
  static override get [Symbol.species]() {
    return Array;
  }

  async [Symbol.asyncDispose]() {
    await Promise.all(this.map((joiner) => joiner[Symbol.asyncDispose]()));
  }
}
