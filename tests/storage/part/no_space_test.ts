import assert from "node:assert/strict";
import { tempFolder } from "./staged.ts";

const config = new URL("../../../deno.json", import.meta.url).pathname;

/** A file and a folder that do not fit; prints what each failed with, and the entries of the folder in the end. */
const SCRIPT = `
  import { encodeEntry } from "${new URL(
  "../../../src/storage/archive/archive.ts",
  import.meta.url,
)}";
  import { offerOf, openStaging, SENDER, write } from "${new URL("./staged.ts", import.meta.url)}";
  const staging = await openStaging(Deno.args[0]);
  const said = [];
  async function receive(bytes, offer) {
    const part = await staging.claim(SENDER, offer);
    await write(part, bytes).catch(({ code, reason, message }) => said.push([code, reason, message]));
    await part.discard();
  }
  await receive(new Uint8Array(6 << 20), offerOf(6 << 20));
  const pieces = Array.from({ length: 100 }, (_, i) => [
    encodeEntry({ path: [String(100 + i)], folder: false, modified: 1, size: 60_000, kind: "file", executable: false }),
    new Uint8Array(60_000 + 33),
  ]).flat();
  const archive = new Uint8Array(await new Blob(pieces).arrayBuffer());
  await receive(archive, offerOf(null, { folder: true, files: 100 }));
  console.log(JSON.stringify([said, Array.from(Deno.readDirSync(Deno.args[0] + "/.p2p-partial"))]));
`;

Deno.test(
  "a full disk is reason space, without a path of this machine, and leaves nothing behind",
  {
    ignore: !await canMount(),
  },
  async () => {
    await using folder = await tempFolder();
    const run =
      `mount -t tmpfs -o size=4m none "$1" && cd "$1" && exec "$2" eval --quiet --config="$3" "$4" "$1"`;
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-rm", "sh", "-c", run, "sh", folder.path, Deno.execPath(), config, SCRIPT],
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    const [said, left] = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(said[0], ["local", "space", 'cannot write "x.bin": no space left']);
    assert.match(said[1].join(), /^local,space,cannot write "1\d\d": no space left$/);
    assert.deepEqual(left, []);
  },
);

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const args = ["-rm", "sh", "-c", "mount -t tmpfs none /mnt"];
    return (await new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}
