import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { Joiner } from "./joiner.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

/** What is read of a process at once. */
const PIECE_BYTES = 2 ** 24;

const PAGE_BYTES = 4096;

/** Pages that are looked at together: 256 KiB. */
const PAGES_AT_ONCE = 64;

/** Never whole in one place here but in what is sent. */
const marker = (what: string) => ["plain", what, crypto.randomUUID()].join("-");

Deno.test("nothing of a relayed file is at the hub in plaintext: not on disk, in memory or in its words", async (t) => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob", { args: ["--types", "image"] });
  await using cy = await Joiner.join(scene, "cy");
  await using di = await Joiner.join(scene, "di");
  await di.stop("SIGINT");
  await scene.hub.event("left");
  const [name, content, text] = [marker("name"), marker("content"), marker("text")];
  await scene.write(name, `${content} `.repeat(30_000));
  const people = ["bob", "cy", "di"].flatMap((name) => ["--peer", name]);
  const sent = await scene.send([name, ...people, "--json"]);
  assert.equal(eventsOf(sent, "stored").length, 1);
  assert.equal(eventsOf(sent, "failed").length, 1, "nobody gave a reason that could be read");
  assert.equal((await scene.send(["--text", text, ...people.slice(2)])).code, 0);
  await cy.received(name);
  // What the hub must know is found, so that what is not found is not there.
  const secrets = [name, content, text, "only image is taken"];
  const known = "127.0.0.1";

  await t.step("on disk", async () => {
    const found = await filesThatHold(await scene.home("hub"), [...secrets, '"to":"bob"']);
    assert.deepEqual(found, ['"to":"bob"']);
    assert.deepEqual(await filesThatHold(scene.received, secrets), []);
  });

  await t.step({
    name: "in memory",
    ignore: !canReadMemory(scene.hub.pid),
    fn: () => assert.deepEqual(memoryThatHolds(scene.hub.pid, [...secrets, known]), [known]),
  });

  await t.step("in its words", async () => {
    const { stdout, stderr } = await scene.stopHub("SIGINT");
    assert.deepEqual(secrets.filter((secret) => (stdout + stderr).includes(secret)), []);
  });
});

/** Those of `words` that some name or file below `folder` holds. */
async function filesThatHold(folder: string, words: string[]): Promise<string[]> {
  const found = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const held = isDirectory
      ? await filesThatHold(path, words)
      : wordsIn(await Deno.readFile(path), words);
    for (const word of [...held, ...wordsIn(Buffer.from(name), words)]) found.add(word);
  }
  return [...found];
}

/** Those of `words` that the process has in memory that it can write, as far as that is there. */
function memoryThatHolds(pid: number, words: string[]): string[] {
  const found = new Set<string>();
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  for (const [from, to] of writtenMemory(pid)) {
    for (let at = from; at < to; at += PIECE_BYTES) {
      const piece = readMemory(memory, { at, length: Math.min(PIECE_BYTES + 64, to - at) });
      for (const word of wordsIn(piece, words)) found.add(word);
    }
  }
  return [...found];
}

/** From where to where pages are there: `/proc/PID/pagemap` has 8 bytes for each, whose top bits say so. */
function* writtenMemory(pid: number): Generator<[from: number, to: number]> {
  using pagemap = Deno.openSync(`/proc/${pid}/pagemap`);
  for (const line of Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n")) {
    const [, from, to] = /^(\w+)-(\w+) rw/.exec(line) ?? [];
    if (from === undefined) continue;
    const [first, end] = [parseInt(from, 16) / PAGE_BYTES, parseInt(to!, 16) / PAGE_BYTES];
    for (let page = first; page < end; page += PAGES_AT_ONCE) {
      const pages = Math.min(PAGES_AT_ONCE, end - page);
      const entries = readMemory(pagemap, { at: page * 8, length: pages * 8 });
      const isThere = entries.some((byte, i) => i % 8 === 7 && byte >= 0x40); // In memory, or swapped out.
      // One page more: a word may go over the end.
      if (isThere) yield [page * PAGE_BYTES, (page + pages + 1) * PAGE_BYTES];
    }
  }
}

/** What can be read; memory that goes away meanwhile is empty. */
function readMemory(memory: Deno.FsFile, { at, length }: { at: number; length: number }) {
  const buffer = new Uint8Array(length);
  try {
    memory.seekSync(at, Deno.SeekMode.Start);
    return buffer.subarray(0, memory.readSync(buffer) ?? 0);
  } catch {
    return buffer.subarray(0, 0);
  }
}

/** Strings are of one or of two bytes a character there. Text is searched many times as fast as a `Buffer`. */
function wordsIn(bytes: Uint8Array, words: string[]): string[] {
  const { buffer, byteOffset, length } = bytes;
  const text = Buffer.from(buffer as ArrayBuffer, byteOffset, length).toString("latin1");
  const forms = (word: string) =>
    (["utf8", "utf16le"] as const).map((form) => Buffer.from(word, form).toString("latin1"));
  return words.filter((word) => forms(word).some((form) => text.includes(form)));
}

function canReadMemory(pid: number): boolean {
  try {
    Deno.openSync(`/proc/${pid}/mem`).close();
    return true;
  } catch {
    return false;
  }
}
