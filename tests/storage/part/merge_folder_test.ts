import assert from "node:assert/strict";
import { join } from "node:path";
import { mergeFolder } from "../../../src/storage/part/merge_folder.ts";
import { tempFolder } from "./staged.ts";

const onUnix = { ignore: Deno.build.os === "windows" };
const OVERWRITE = { overwrite: true, allowHidden: false };

Deno.test("mergeFolder replaces files, keeps others, and moves nothing where a folder meets something else", async () => {
  await using folder = await tempFolder();
  await using outside = await tempFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  await plant(from, { "a": "new", "s/b": "new", "s/t/c": "new", "u/d": "new" });
  await plant(to, { "a": "old", "s/b": "old", "s/kept": "old" });
  await Deno.symlink(outside.path, join(to, "u"));
  assert.equal(await mergeFolder(from, to, OVERWRITE), false);
  assert.equal(await Deno.readTextFile(join(to, "a")), "old");
  assert.deepEqual([...Deno.readDirSync(outside.path)], []);
  await Deno.remove(join(to, "u"));
  assert.equal(await mergeFolder(from, to, OVERWRITE), true);
  const texts = await Promise.all(
    ["a", "s/b", "s/kept", "s/t/c", "u/d"].map((path) => Deno.readTextFile(join(to, path))),
  );
  assert.deepEqual(texts, ["new", "new", "old", "new", "new"]);
  await assert.rejects(Deno.lstat(from), Deno.errors.NotFound);
});

Deno.test("mergeFolder goes through no link that takes a folder's place while it is at work", async () => {
  await using folder = await tempFolder();
  await using outside = await tempFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  await plant(from, { "s/a": "new", "s/b": "new" });
  await plant(to, { "s/kept": "old" });
  const { rename } = Deno;
  Deno.rename = async (...paths) => {
    Deno.rename = rename;
    await rename(...paths);
    await rename(join(to, "s"), join(folder.path, "aside"));
    await Deno.symlink(outside.path, join(to, "s"));
  };
  try {
    await assert.rejects(mergeFolder(from, to, OVERWRITE), { reason: "exists" });
  } finally {
    Deno.rename = rename;
  }
  assert.deepEqual([...Deno.readDirSync(outside.path)], []);
});

Deno.test(
  "what is new in a folder that was there is neither hidden nor executable",
  onUnix,
  async () => {
    await using folder = await tempFolder();
    for (const overwrite of [true, false]) {
      const [from, to] = ["from", "to"].map((name) => join(folder.path, `${name} ${overwrite}`));
      const files = ["run", ".git/hooks/pre-commit", "sub/.envrc", "new/.x", ".env", "tool"];
      await plant(from!, Object.fromEntries(files.map((name) => [name, "new"])));
      for (const name of files) await Deno.chmod(join(from!, name), 0o755);
      await plant(to!, { "tool": "old", ".git/HEAD": "old", "sub/kept": "old" });
      await Deno.chmod(join(to!, "tool"), 0o755);
      assert.equal(await mergeFolder(from!, to!, { overwrite, allowHidden: false }), true);
      const tool = overwrite ? { "tool": 0o755 } : { "tool": 0o755, "tool (1)": 0o644 };
      assert.deepEqual(await modesOf(to!), {
        ...{ ".git/HEAD": 0o644, ".git/hooks/pre-commit": 0o644, "_.env": 0o644, "new/.x": 0o644 },
        ...{ "run": 0o644, "sub/_.envrc": 0o644, "sub/kept": 0o644, ...tool },
      });
      assert.equal(await Deno.readTextFile(join(to!, "tool")), overwrite ? "new" : "old");
    }
  },
);

/** The modes of all files below `folder`, by path. */
async function modesOf(folder: string, above = ""): Promise<Record<string, number>> {
  const modes: Record<string, number> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(folder, above))) {
    const path = join(above, name);
    if (isDirectory) Object.assign(modes, await modesOf(folder, path));
    else modes[path] = (await Deno.stat(join(folder, path))).mode! & 0o777;
  }
  return modes;
}

async function plant(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
}
