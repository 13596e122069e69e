import assert from "node:assert/strict";
import { join } from "node:path";
import type { PublishOptions } from "../../../src/storage/part/part.ts";
import { SEGMENT_BYTES } from "../../../src/storage/checkpoint_pace.ts";
import { linkFile, placeFolder, replaceFile } from "../../../src/storage/part/publish.ts";
import { runScript } from "../../helpers/run_script.ts";
import { sampleBytes } from "../../helpers/sample_files.ts";
import { offerOf, openStaging, RENAME, SENDER, sha256, tempFolder, write } from "./staged.ts";
import { fullOr } from "../../helpers/full_or.ts";

const onUnix = { ignore: Deno.build.os === "windows" };
const SKIP: PublishOptions = { onConflict: "skip", allowHidden: false };
const OVERWRITE: PublishOptions = { onConflict: "overwrite", allowHidden: false };

Deno.test("publishing takes the next free name and replaces nothing", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(join(folder.path, "a.png"), "old");
  await Deno.mkdir(join(folder.path, "a (1).png"));
  await Deno.symlink("/nowhere/at/all", join(folder.path, "a (2).png"));
  assert.equal((await publish(folder.path, "a.png", RENAME)).savedAs, "a (3).png");
  assert.equal(await Deno.readTextFile(join(folder.path, "a.png")), "old");
  assert.ok((await Deno.lstat(join(folder.path, "a (2).png"))).isSymlink);
});

Deno.test("publishing with skip refuses a name that is taken, and keeps what is there", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(join(folder.path, "a"), "old");
  await assert.rejects(publish(folder.path, "a", SKIP), { reason: "exists" });
  assert.equal(await Deno.readTextFile(join(folder.path, "a")), "old");
});

Deno.test("publishing with overwrite replaces a file, or a link itself, but no folder", async () => {
  await using folder = await tempFolder();
  await using outside = await tempFolder();
  const canary = join(outside.path, "canary");
  await Deno.writeTextFile(canary, "untouched");
  await Deno.writeTextFile(join(folder.path, "file"), "old");
  await Deno.symlink(canary, join(folder.path, "link"));
  await Deno.mkdir(join(folder.path, "folder"));
  for (const name of ["file", "link"]) {
    const { path } = await publish(folder.path, name, OVERWRITE);
    assert.ok((await Deno.lstat(path)).isFile);
    assert.equal(sha256(await Deno.readFile(path)), sha256(sampleBytes(100)));
  }
  await assert.rejects(publish(folder.path, "folder", OVERWRITE), { reason: "exists" });
  assert.equal(await Deno.readTextFile(canary), "untouched");
});

Deno.test("publishing moves hidden names out of the way unless they are allowed, and refuses others", async () => {
  await using folder = await tempFolder();
  assert.equal((await publish(folder.path, ".bashrc", RENAME)).savedAs, "_.bashrc");
  assert.equal((await publish(folder.path, "-rf", RENAME)).savedAs, "_-rf");
  const hidden = { ...RENAME, allowHidden: true };
  assert.equal((await publish(folder.path, ".bashrc", hidden)).savedAs, ".bashrc");
  for (const name of ["../x", "a/b", "..", "", ".p2p-partial"]) {
    await assert.rejects(publish(folder.path, name, { ...OVERWRITE, allowHidden: true }), {
      code: "refused",
    });
  }
});

const STAGED = new URL("./staged.ts", import.meta.url).href;

for (const umask of fullOr([0o000, 0o022, 0o077], [0o022])) {
  for (const executable of [false, true]) {
    const title = `publishing gives mode ${executable ? "0777" : "0666"} without the umask ${
      umask.toString(8)
    }`;
    Deno.test(title, onUnix, async () => {
      await using folder = await tempFolder();
      await runScript(`
        import { openStaging, offerOf, write, SENDER, RENAME } from "${STAGED}";
        Deno.umask(${umask});
        const staging = await openStaging("${folder.path}");
        const part = await staging.claim(SENDER, offerOf(3, { executable: ${executable} }));
        await write(part, new Uint8Array(3));
        await part.publish("x", RENAME);
        await part.settle();
      `);
      const mode = (await Deno.stat(join(folder.path, "x"))).mode! & 0o7777;
      assert.equal(mode, (executable ? 0o777 : 0o666) & ~umask);
    });
  }
}

Deno.test("a crash right after the name was given: the receipt follows without another copy", async () => {
  await using folder = await tempFolder();
  const { content, journal, offer, bytes } = await interrupted(folder.path);
  const publication = {
    savedAs: "x (3)",
    sha256: sha256(bytes),
    bytes: bytes.length,
    resumedAt: 0,
  };
  await Deno.writeTextFile(journal, JSON.stringify({ publish: publication }) + "\n", {
    append: true,
  });
  await Deno.link(content, join(folder.path, "x (3)"));
  const part = await (await openStaging(folder.path)).claim(SENDER, offer);
  assert.deepEqual(part.receipt, { ...publication, path: join(folder.path, "x (3)") });
  await part.release();
  await assert.rejects(Deno.lstat(content), Deno.errors.NotFound);
  const lines = (await Deno.readTextFile(journal)).trimEnd().split("\n");
  assert.deepEqual(JSON.parse(lines.at(-1)!), { receipt: publication });
});

Deno.test("a crash right after a name was overwritten: the receipt follows", async () => {
  await using folder = await tempFolder();
  const { content, journal, offer, bytes } = await interrupted(folder.path);
  const publication = { savedAs: "x", sha256: sha256(bytes), bytes: bytes.length, resumedAt: 0 };
  await Deno.writeTextFile(journal, JSON.stringify({ publish: publication }) + "\n", {
    append: true,
  });
  await Deno.rename(content, join(folder.path, "x"));
  const part = await (await openStaging(folder.path)).claim(SENDER, offer);
  assert.equal(part.receipt?.savedAs, "x");
  await part.settle();
});

Deno.test("a crash right before the name was given: the part goes on, and what has the name now stays", async () => {
  await using folder = await tempFolder();
  const { journal, offer, bytes } = await interrupted(folder.path);
  const publication = { savedAs: "x", sha256: sha256(bytes), bytes: bytes.length, resumedAt: 0 };
  await Deno.writeTextFile(journal, JSON.stringify({ publish: publication }) + "\n", {
    append: true,
  });
  await Deno.writeTextFile(join(folder.path, "x"), "another");
  const part = await (await openStaging(folder.path)).claim(SENDER, offer);
  assert.deepEqual([part.receipt, part.offset], [undefined, SEGMENT_BYTES]);
  await write(part, bytes);
  assert.equal((await part.publish("x", RENAME)).savedAs, "x (1)");
  await part.settle();
  assert.equal(await Deno.readTextFile(join(folder.path, "x")), "another");
});

Deno.test("a crash between the lines of publishing and of the receipt, torn: it is as if it was not written", async () => {
  await using folder = await tempFolder();
  const { journal, offer } = await interrupted(folder.path);
  await Deno.writeTextFile(journal, '{"publish":{"savedAs":"x","sha2', { append: true });
  const part = await (await openStaging(folder.path)).claim(SENDER, offer);
  assert.deepEqual([part.receipt, part.offset], [undefined, SEGMENT_BYTES]);
  await part.discard();
});

Deno.test("linkFile and replaceFile give false for a name that is taken, and throw where they cannot write", async () => {
  await using folder = await tempFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  await Deno.writeTextFile(from, "new");
  await Deno.mkdir(to);
  assert.equal(await linkFile(from, to), false);
  assert.equal(await replaceFile(from, to), false);
  await assert.rejects(linkFile(from, join(folder.path, "none", "to")), { code: "local" });
});

Deno.test("linkFile goes through no link, whether it leads somewhere or not", async () => {
  await using folder = await tempFolder();
  const [from, canary, link] = ["from", "canary", "link"].map((name) => join(folder.path, name));
  await Deno.writeTextFile(from!, "new");
  await Deno.symlink(canary!, link!);
  assert.equal(await linkFile(from!, link!), false);
  await assert.rejects(Deno.lstat(canary!), Deno.errors.NotFound);
  await Deno.writeTextFile(canary!, "sings");
  assert.equal(await linkFile(from!, link!), false);
  assert.equal(await Deno.readTextFile(canary!), "sings");
});

Deno.test("placeFolder takes no folder of somebody else, empty or not", async () => {
  await using folder = await tempFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  await Deno.mkdir(from);
  await Deno.mkdir(to);
  assert.equal(await placeFolder(from, to), false);
  assert.equal(await placeFolder(from, join(folder.path, "free")), true);
});

async function publish(dir: string, name: string, options: PublishOptions) {
  const transfer = crypto.randomUUID().replaceAll("-", "");
  const part = await (await openStaging(dir)).claim(SENDER, offerOf(100, { transfer, name }));
  try {
    await write(part, sampleBytes(100));
    return await part.publish(name, options);
  } finally {
    await part.discard();
  }
}

/** A part that has all of its content and was killed before it was published. */
async function interrupted(dir: string) {
  const bytes = sampleBytes(SEGMENT_BYTES + 10);
  const offer = offerOf(bytes.length);
  const part = await (await openStaging(dir)).claim(SENDER, offer);
  await write(part, bytes);
  await part.release();
  const [id] = Array.from(Deno.readDirSync(join(dir, ".p2p-partial")), ({ name }) => name);
  const folder = join(dir, ".p2p-partial", id!);
  return { content: join(folder, "content"), journal: join(folder, "journal"), offer, bytes };
}
