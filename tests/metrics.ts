// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * Counts what a reader of the source meets, at an earlier commit and now, side by side: `deno task metrics [COMMIT]`.
 *
 * The counts come from TypeScript's own parser (`metrics/`). The files that a direct send enters come from a real one,
 * of one file to a hub: those of which a function ran at either end while it did, by the coverage that V8 keeps.
 */
import { join } from "node:path";
import { TempDir } from "./helpers/temp_dir.ts";
import { TextLineStream } from "./helpers/text_line_stream.ts";

const CONFIG = new URL("metrics/deno.json", import.meta.url).pathname;
const COUNT = new URL("metrics/count.ts", import.meta.url).pathname;
const HERE = new URL("../", import.meta.url).pathname;

/** A number, and where it comes from. */
interface Count {
  what: string;
  count: number;
  at?: string[];
}

const [commit = "a345c43"] = Deno.args;
await using dir = await TempDir.make();
const before = await countsOf(await checkedOut(commit));
const now = await countsOf(HERE);

console.log(`${"".padEnd(44)}${commit.padStart(10)}${"now".padStart(10)}`);
for (const { what, count, at = [] } of now) {
  const then = before.find((one) => one.what === what)?.count ?? "";
  console.log(`${what.padEnd(44)}${`${then}`.padStart(10)}${`${count}`.padStart(10)}`);
  for (const place of at) console.log(`    ${place}`);
}

/** The tree of a commit, in a folder of its own. */
async function checkedOut(commit: string): Promise<string> {
  const tree = dir.join("tree");
  await Deno.mkdir(tree);
  await output("sh", ["-c", 'git archive "$1" | tar x -C "$2"', "sh", commit, tree], HERE);
  return tree;
}

async function countsOf(tree: string): Promise<Count[]> {
  const args = ["run", "--quiet", "--allow-read", "--allow-env", "--config", CONFIG, COUNT, tree];
  return [
    ...JSON.parse(await output(Deno.execPath(), args, HERE)),
    { what: "files that a direct send enters", count: (await filesEntered(tree)).size },
    { what: "steps of one in docs/architecture.md", count: await stepsIn(tree) },
  ];
}

/** Sends a file to a hub, and gives the sources of which a function ran at either end. */
async function filesEntered(tree: string): Promise<Set<string>> {
  await using work = await TempDir.make();
  await Deno.writeTextFile(work.join("file"), "content");
  const start = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", join(tree, "main.ts"), ...args, "--json"],
      cwd: work.path,
      env: { P2P_HOME: work.join("home"), DENO_COVERAGE_DIR: work.join("coverage") },
      stdout: "piped",
    }).spawn();
  const hub = start("serve", "--port", "0");
  const lines = hub.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const { port } = JSON.parse((await lines[Symbol.asyncIterator]().next()).value!);
  await start("send", "file", "--to", `127.0.0.1:${port}`).output();
  hub.kill("SIGINT");
  await hub.status;
  return new Set(coveredIn(work.join("coverage"), join(tree, "src")));
}

/** The sources below a folder of which more has run than their top level. */
function coveredIn(coverage: string, folder: string): string[] {
  return [...Deno.readDirSync(coverage)].map(({ name }) => join(coverage, name))
    .map((path) => JSON.parse(Deno.readTextFileSync(path)) as Coverage)
    .filter(({ url, functions }) =>
      url.startsWith(`file://${folder}/`) &&
      functions.some(({ functionName, ranges }) => functionName !== "" && ranges[0]!.count > 0)
    )
    .map(({ url }) => url);
}

/** What V8 keeps of one script. */
interface Coverage {
  url: string;
  functions: { functionName: string; ranges: { count: number }[] }[];
}

/** The numbered steps of the first list in the guide, or none where there is no guide. */
async function stepsIn(tree: string): Promise<number> {
  const guide = await Deno.readTextFile(join(tree, "docs/architecture.md")).catch(() => "");
  const [, section = ""] = guide.split("## A direct file on its way");
  return section.split("\n## ")[0]!.match(/^\d+\. /gm)?.length ?? 0;
}

async function output(command: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
