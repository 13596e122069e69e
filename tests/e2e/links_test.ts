import assert from "node:assert/strict";
import { join } from "node:path";
import { treeOf } from "../helpers/tree.ts";
import { run } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("a link where a file is to be published is neither followed nor replaced", async () => {
  await using scene = await Scene.open();
  const before = await plant(scene);
  await scene.write("file", "new");
  await scene.write("folder/canary", "new");
  assert.equal((await scene.send(["file", "folder"])).code, 0);
  assert.equal(await scene.readText("file (1)"), "new");
  assert.equal(await scene.readText("folder (1)/canary"), "new");
  assert.deepEqual(await scene.around(), before);
});

Deno.test("--on-conflict overwrite replaces a link itself, and goes through none to a folder", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "overwrite"] });
  const before = await plant(scene);
  await scene.write("file", "new");
  await scene.write("folder/canary", "new");
  await scene.write("parent/sub/canary", "new");
  await Deno.mkdir(join(scene.received, "parent"));
  await Deno.symlink("../../outside", join(scene.received, "parent/sub"));
  assert.equal((await scene.send(["file"])).code, 0);
  assert.ok((await Deno.lstat(join(scene.received, "file"))).isFile);
  assert.equal((await scene.send(["folder"])).code, 4);
  assert.equal((await scene.send(["parent"])).code, 4);
  assert.deepEqual(await scene.around(), before);
});

Deno.test("--on-conflict skip does not tell what a link points to", async () => {
  await using scene = await Scene.open({ serve: ["--on-conflict", "skip"] });
  await plant(scene);
  await scene.write("file", "sings");
  const { code, stderr } = await scene.send(["file", "--quiet"]);
  assert.match(stderr, /something of this name is there already/);
  assert.equal(code, 4);
});

for (const kind of ["link", "file"]) {
  Deno.test(`a ${kind} in place of the staging folder exits 5, and is not touched`, async () => {
    await using scene = await Scene.open();
    const before = await plant(scene);
    const dir = join(scene.dir, "other");
    await Deno.mkdir(dir);
    const staging = join(dir, ".p2p-partial");
    if (kind === "link") await Deno.symlink(join(scene.world, "outside"), staging);
    else await Deno.writeTextFile(staging, "mine");
    const options = { home: await scene.home("hub"), cwd: scene.dir };
    const { code, stderr } = await run(["serve", "--port", "0", "--dir", "other"], options);
    assert.equal(
      stderr,
      `error: cannot keep transfers in "${staging}": it is not a folder\n` +
        "hint: move it away; unfinished transfers are kept there\n",
    );
    assert.equal(code, 5);
    assert.deepEqual(await scene.around(), before);
  });
}

for (const onConflict of ["rename", "overwrite"]) {
  Deno.test(`who swaps links in meanwhile leads nothing out with ${onConflict}`, async () => {
    await using scene = await Scene.open({ serve: ["--on-conflict", onConflict] });
    const before = await plant(scene);
    const content: string[] = [];
    {
      await using _racer = new Racer(scene.received);
      for (let round = 0; round < 3; round++) {
        const files = Array.from({ length: 30 }, (_, n) => `${round}/${n}/file`);
        const inside = Array.from({ length: 300 }, (_, n) => `${round}/folder/${n}`);
        for (const path of [...files, ...inside]) await scene.write(path, path);
        content.push(...files, ...inside);
        const { code, stderr } = await scene.send([`${round}/folder`, ...files, "--quiet"]);
        assert.ok(code === 0 || onConflict === "overwrite", stderr);
      }
    }
    assert.deepEqual(await scene.around(), before);
    if (onConflict === "rename") assert.deepEqual(await contents(scene.received), content.sort());
  });
}

/** Puts a canary and links to it where things will arrive; all that lies around the hub's folder. */
async function plant(scene: Scene): Promise<Record<string, string>> {
  await Deno.mkdir(join(scene.world, "outside"));
  await Deno.writeTextFile(join(scene.world, "outside/canary"), "sings");
  await Deno.symlink("../canary", join(scene.received, "file"));
  await Deno.symlink("../outside", join(scene.received, "folder"));
  return await scene.around();
}

/** Makes and removes `file` and `folder` in a folder, as links to the outside and as an empty folder, without pause. */
class Racer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(dir: string) {
    const script = `
      const attempt = (step) => { try { step(); } catch { /* Somebody was faster. */ } };
      const unlink = (path) => attempt(() => Deno.lstatSync(path).isSymlink && Deno.removeSync(path));
      while (true) {
        attempt(() => Deno.mkdirSync("folder"));
        attempt(() => Deno.removeSync("folder"));
        attempt(() => Deno.symlinkSync("../outside", "folder"));
        attempt(() => Deno.symlinkSync("../canary", "file"));
        unlink("folder");
        unlink("file");
      }`;
    this.#child = new Deno.Command(Deno.execPath(), { args: ["eval", script], cwd: dir }).spawn();
  }

  async [Symbol.asyncDispose]() {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** What the files below a folder hold, sorted; staging and links are passed over. */
async function contents(folder: string): Promise<string[]> {
  const files = Object.entries(await treeOf(folder, ".p2p-partial"))
    .filter(([, what]) => !what.endsWith("folder") && !what.includes("->"));
  const texts = await Promise.all(files.map(([path]) => Deno.readTextFile(join(folder, path))));
  return texts.sort();
}
