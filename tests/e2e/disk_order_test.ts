import assert from "node:assert/strict";
import { join } from "node:path";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { Scene } from "./scene.ts";
import { hasStrace } from "../helpers/has_tool.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { type Call, parseTrace, traced } from "../helpers/trace.ts";

/** One whole segment, and what follows the last. */
const BYTES = SEGMENT_BYTES + 600_000;

const CALLS = [
  ...["write", "pwrite64", "writev", "sendto", "sendmsg", "fsync", "fdatasync"],
  ...["link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"],
];

Deno.test({
  name: "what is on disk comes in the order of SPEC.md §14, and the receipt after all of it",
  ignore: !hasStrace, // No strace here, or no right to trace.
  fn: async () => {
    const { calls, dir } = await callsOfOneFile();
    const find = (names: string, args: string) =>
      calls.filter(({ name, args: all }) =>
        new RegExp(`^(${names})$`).test(name) && all.includes(args)
      );
    const content = find("write|pwrite64|writev", "/content>");
    const sockets = find("write|writev|sendto|sendmsg", "<TCP");
    const [segment] = find("write", '/journal>, "{\\"offset\\"');
    const [publish] = find("write", '/journal>, "{\\"publish\\"');
    const [receipt] = find("write", '/journal>, "{\\"receipt\\"');
    const [link] = find("link|linkat", `"${join(dir, "a.bin")}"`);
    const journal = find("fdatasync|fsync", "/journal>");
    const named = (line: Call) => journal.find(({ start }) => start > line.end)!;
    const folders = find("fsync", "/.p2p-partial").filter(({ args }) =>
      /\.p2p-partial(\/\w{32})?>/.test(args)
    );
    const [target] = find("fsync", `<${dir}>`);

    // The line of a segment comes after its data is synced.
    const early = find("fdatasync|fsync", "/content>").find(({ end }) => end < segment!.start);
    assert.ok(early !== undefined, "no sync before the line of the segment");
    assert.ok(written(content, early.start) >= SEGMENT_BYTES);
    assert.ok(named(segment!) !== undefined);

    // All data, the sync of all data, the line, its sync, the name, the sync of the folder, the line, its sync.
    const last = find("fdatasync|fsync", "/content>").findLast(({ end }) => end < publish!.start);
    assert.equal(written(content, last!.start), BYTES);
    inOrder([last!, publish!, named(publish!), link!, target!, receipt!, named(receipt!)]);
    assert.equal(folders.length, 2);
    for (const folder of folders) inOrder([folder, link!]);

    // Nothing is said to the sender from the end of its data to the end of all that, and nothing is removed.
    const between = ({ start }: Call) => start > publish!.start && start < named(receipt!).end;
    assert.deepEqual(sockets.filter(between), []);
    assert.ok(sockets.some(({ start }) => start > named(receipt!).end), "no receipt");
    assert.deepEqual(find("unlink|unlinkat|rename|renameat2?", dir).filter(between), []);
  },
});

/** What a hub asks of the system that receives one file. */
async function callsOfOneFile(): Promise<{ calls: Call[]; dir: string }> {
  await using trace = await TempDir.make();
  const path = trace.join("calls");
  await using scene = await Scene.open({ hub: { through: traced(path, CALLS) } });
  await scene.write("a.bin", sampleBytes(BYTES));
  assert.equal((await scene.send(["a.bin"])).code, 0);
  await scene.cleared();
  return { calls: parseTrace(await Deno.readTextFile(path)), dir: scene.received };
}

/** Bytes that were written when the line `at` of the trace came. */
function written(writes: Call[], at: number): number {
  return writes.filter(({ end }) => end < at).reduce((sum, { result }) => sum + result, 0);
}

/** Each has ended, well, before the next one begins. */
function inOrder(calls: Call[]) {
  for (const [i, { name, args, end, result }] of calls.entries()) {
    assert.ok(result >= 0, `${name}(${args} failed`);
    const next = calls[i + 1];
    if (next !== undefined) {
      assert.ok(end < next.start, `${name}(${args} before ${next.name}(${next.args}`);
    }
  }
}
