import fc from "fast-check";

// Runs of properties that say no number of their own: the library's default, which `deno task test` takes, is 100.
fc.configureGlobal({ numRuns: 20 });

const TESTS = new URL("../", import.meta.url);

/** Folders without unit tests. */
const LEFT_OUT = ["e2e", "metrics"];

/** As many as there are files that call {@link importShard}: more than cores, for some tests wait. */
const SHARDS = namesIn(new URL(".", import.meta.url)).filter((name) => /^shard_\d/.test(name));

/**
 * Imports its share of all unit tests; shards count from 0. To load the program once for each shard saves a third of
 * the processor time; `deno task test` gives each file an isolate of its own.
 */
export async function importShard(index: number): Promise<void> {
  const files = testsBelow(TESTS).filter((_, i) => i % SHARDS.length === index);
  for (const file of files) await import(file.href);
}

function testsBelow(folder: URL): URL[] {
  return namesIn(folder).flatMap((name) => {
    if (name.endsWith("_test.ts")) return [new URL(name, folder)];
    const isFolder = !name.includes(".") && !LEFT_OUT.includes(name);
    return isFolder ? testsBelow(new URL(`${name}/`, folder)) : [];
  });
}

function namesIn(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
