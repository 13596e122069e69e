import { join } from "node:path";

/** A folder of one test, removed with all it holds when it goes out of scope. */
export class TempDir implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TempDir> {
    return new TempDir(await Deno.makeTempDir({ prefix: "p2p-test-" }));
  }

  /** A path inside. */
  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.path, { recursive: true });
  }
}
