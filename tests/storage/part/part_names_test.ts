import assert from "node:assert/strict";
import { join } from "node:path";
import { type NameLimits, NO_LIMITS } from "../../../src/names/portable_name.ts";
import { Staging } from "../../../src/storage/part/staging.ts";
import { openSource } from "../../../src/transfer/source/open_source.ts";
import { offerOf, RENAME, SENDER, tempFolder, write } from "./staged.ts";

const onUnix = { ignore: Deno.build.os === "windows" }; // Its disk holds no such names to send.

const WINDOWS: NameLimits = { portable: true, foldsCase: true };
const MACOS: NameLimits = { portable: false, foldsCase: true };
const FAT: NameLimits = { portable: true, foldsCase: true };

const SENT = [
  "10:30.png",
  "10_30.png",
  "Photo",
  "con/a?",
  "con/a_",
  "photo",
  "plain",
  "z./deep:er",
];

const ON_WINDOWS = {
  "10_30.png": "10:30.png",
  "10_30 (1).png": "10_30.png",
  "Photo": "Photo",
  "_con/a_": "con/a?",
  "_con/a_ (1)": "con/a_",
  "photo (1)": "photo",
  "plain": "plain",
  "z_/deep_er": "z./deep:er",
};

const EXPECTED: [system: string, limits: NameLimits, files: Record<string, string>][] = [
  ["Linux", NO_LIMITS, Object.fromEntries(SENT.map((name) => [name, name]))],
  ["Windows", WINDOWS, ON_WINDOWS],
  ["FAT", FAT, ON_WINDOWS],
  ["macOS", MACOS, {
    ...Object.fromEntries(SENT.map((name) => [name, name])),
    "photo (1)": "photo",
  }],
];

for (const [system, limits, files] of EXPECTED) {
  Deno.test(`names of a folder are as ${system} holds them, also after a cut`, onUnix, async () => {
    await using from = await tempFolder();
    const root = await plant(from.path);
    const source = await openSource(root);
    const bytes = await new Response(source.stream(0)).bytes();
    const { name, size, folder, modified, files: count } = source;
    const offer = offerOf(size, { name, folder, files: count, modified });
    for (const cutAt of [Infinity, 262_144]) {
      await using to = await tempFolder();
      let part = await (await open(to.path, limits)).claim(SENDER, offer);
      await write(part, bytes, { cutAt });
      if (cutAt !== Infinity) {
        await part.release();
        part = await (await open(to.path, limits)).claim(SENDER, offer);
        assert.equal(part.offset, 262_144);
        await write(part, bytes);
      }
      const { path, renamed, renamedEntries = [] } = await part.publish(name, RENAME);
      await part.settle();
      const expected = limits === MACOS ? without(files, "photo") : files;
      assert.deepEqual(await contents(path), expected);
      const changed = Object.entries(expected).filter(([here, sent]) => here !== sent);
      const folders = limits.portable ? 2 : 0; // `con` and `z.`.
      assert.equal(renamed, changed.length + folders || undefined);
      for (const [savedAs, sent] of changed) {
        assert.ok(renamedEntries.some((one) => one.name === sent && one.savedAs === savedAs), sent);
      }
    }
  });
}

Deno.test("the name of a transfer is as the system holds it", onUnix, async () => {
  await using to = await tempFolder();
  const names = { "10:30.png": "10_30.png", "con": "_con", "a.": "a_", "plain": "plain" };
  for (const [name, savedAs] of Object.entries(names)) {
    for (const [limits, expected] of [[WINDOWS, savedAs], [NO_LIMITS, name]] as const) {
      const offer = offerOf(1, { name, transfer: "ab".repeat(16) });
      const staging = await open(to.path, limits);
      const part = await staging.claim(SENDER, offer);
      await write(part, new Uint8Array(1));
      const published = await part.publish(name, { ...RENAME, onConflict: "overwrite" });
      assert.equal(published.savedAs, expected);
      assert.ok(await staging.isTaken(name), "it is looked for under that name");
      await part.settle();
    }
  }
});

Deno.test("the disk of this machine's temporary folder holds what it says", onUnix, async () => {
  await using to = await tempFolder();
  const part = await (await Staging.open(to.path, { keepMs: 60_000 })).claim(SENDER, offerOf(1));
  await write(part, new Uint8Array(1));
  const { savedAs } = await part.publish("a:b", RENAME);
  const holds = await Deno.writeTextFile(join(to.path, "c:d"), "").then(() => true, () => false);
  assert.equal(savedAs, holds ? "a:b" : "a_b");
  await part.settle();
});

function open(dir: string, limits: NameLimits): Promise<Staging> {
  return Staging.open(dir, { keepMs: 60_000, limits });
}

/** Files that hold their own names, the first of them long enough to be cut. */
async function plant(dir: string): Promise<string> {
  const root = join(dir, "sent");
  for (const name of SENT) {
    await Deno.mkdir(join(root, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(root, name), name.padEnd(name === "plain" ? 400_000 : 0));
  }
  return root;
}

async function contents(folder: string, above = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(folder, above))) {
    const path = join(above, name);
    if (isDirectory) Object.assign(found, await contents(folder, path));
    else found[path] = (await Deno.readTextFile(join(folder, path))).trimEnd();
  }
  return found;
}

function without(files: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([here]) => here !== name));
}
