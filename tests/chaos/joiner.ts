import { join } from "node:path";
import { Program } from "../e2e/program.ts";
import type { Scene } from "../e2e/scene.ts";
import { fileSha256 } from "../helpers/tree.ts";

/** Longer than any part of a chaos run. */
export const CHAOS_AT_MOST_MS = 3_600_000;

/** Somebody who joins the hub of a scene by name, and the folder in which things arrive. */
export class Joiner implements AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  readonly #scene: Scene;
  program!: Program;

  /** Joins, at the hub itself where no other address is given. */
  static async join(scene: Scene, name: string, options: { to?: string } = {}): Promise<Joiner> {
    const joiner = new Joiner(scene, name);
    await Deno.mkdir(joiner.dir, { recursive: true });
    await joiner.start(options);
    return joiner;
  }

  private constructor(scene: Scene, name: string) {
    this.#scene = scene;
    this.name = name;
    this.dir = join(scene.dir, "world", name);
  }

  /** Joins again with the same keys and folder; resolves once the hub has taken it, however often that takes. */
  async start({ to = this.#scene.to }: { to?: string } = {}): Promise<void> {
    while (!await this.tryStart({ to })) {
      const { code, stderr } = await this.program.finished;
      if (code !== 3) throw new Error(`${this.name} cannot join: exit ${code}\n${stderr}`);
    }
  }

  /** Joins once; false where that fails. */
  async tryStart({ to = this.#scene.to, through = [] }: { to?: string; through?: string[] } = {}) {
    const args = ["join", to, "--name", this.name, "--dir", this.dir, "--json"];
    this.program = new Program(args, {
      home: await this.#scene.home(this.name),
      atMostMs: CHAOS_AT_MOST_MS,
      through,
    });
    return await this.program.event("joined").then(() => true, () => false);
  }

  /** Ends by `signal`. */
  async stop(signal: Deno.Signal): Promise<void> {
    this.program.kill(signal);
    await this.program.finished;
  }

  async [Symbol.asyncDispose]() {
    await this.program[Symbol.asyncDispose]();
  }
}

/** The digests of what lies in a folder, by name, without staging. */
export async function digestsIn(dir: string): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  const files = names.filter((name) => name !== ".p2p-partial");
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, await fileSha256(join(dir, name))])),
  );
}

/** What lies in the staging of a folder, but for the journals of those whose sender may ask for the receipt again. */
export function leftIn(dir: string): string[] {
  const staging = join(dir, ".p2p-partial");
  return [...Deno.readDirSync(staging)].flatMap(({ name: part }) => {
    const names = [...Deno.readDirSync(join(staging, part))].map(({ name }) => name);
    return names.filter((name) => name !== "journal").map((name) => join(part, name));
  });
}

/** Removes everything that was published. */
export async function clear(dir: string): Promise<void> {
  for (const name of Object.keys(await digestsIn(dir))) {
    await Deno.remove(join(dir, name), { recursive: true });
  }
}
