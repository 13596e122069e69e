import assert from "node:assert/strict";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { treeOf } from "../helpers/tree.ts";
import { Joiner } from "./joiner.ts";
import { Scene } from "./scene.ts";

/** For the hub: as it would run in a shell with that umask. */
const withUmask = (umask: string) => ({ through: ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] });

for (
  const [umask, file, executable] of [["077", 0o600, 0o700], ["022", 0o644, 0o755], [
    "000",
    0o666,
    0o777,
  ]] as const
) {
  Deno.test(`under umask ${umask} files, folders and what is private have their modes`, async () => {
    await using scene = await Scene.open({ hub: withUmask(umask) });
    await scene.write("plain", "1");
    await scene.write("script", "2");
    await scene.write("folder/plain", "3");
    await scene.write("folder/script", "4");
    for (const path of ["plain", "folder/plain"]) await Deno.chmod(join(scene.files, path), 0o640);
    // The bits that make a program run as somebody else are never taken over.
    for (const path of ["script", "folder/script"]) {
      await Deno.chmod(join(scene.files, path), 0o6751);
    }
    await Deno.chmod(join(scene.files, "folder"), 0o2770);
    assert.equal((await scene.send(["plain", "script", "folder"])).code, 0);
    const modes = ["plain", "folder/plain", "script", "folder/script", "folder"]
      .map((path) => modeOf(join(scene.received, path)));
    assert.deepEqual(modes, [file, file, executable, executable, executable].map(octal));
    const home = await scene.home("hub");
    assert.equal(modeOf(join(scene.received, ".p2p-partial")), "700");
    assert.equal(modeOf(join(home, "identity.json")), "600");
  });
}

Deno.test("what is on its way is private, whatever the umask", async () => {
  await using scene = await Scene.open({ hub: withUmask("000") });
  using peer = await RawPeer.connect(scene.port);
  const content = new Uint8Array(CHUNK_BYTES + 1000);
  const offer = peer.offerOf(content.length, { executable: true });
  await peer.ask(JSON.stringify(offer));
  await peer.attempt(offer, content, { tamper: ([first]) => [first!] });
  const part = join(scene.received, ".p2p-partial", scene.parts()[0]!);
  assert.equal(modeOf(part), "700");
  for (const name of ["content", "journal"]) assert.equal(modeOf(join(part, name)), "600");
});

Deno.test("what waits at the hub is private, whatever the umask", async () => {
  await using scene = await Scene.open({ hub: withUmask("000") });
  await using bob = await Joiner.join(scene, "bob");
  await bob.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt", "--peer", "bob"])).code, 0);
  const home = await scene.home("hub");
  const modes = Object.entries(await treeOf(home)).map((
    [path, facts],
  ) => [path, facts.slice(0, 3)]);
  assert.ok(modes.some(([path]) => /^spool\/.*\/content$/.test(path!)));
  for (const [path, mode] of modes) assert.ok(["600", "700"].includes(mode!), `${path}: ${mode}`);
});

Deno.test("keys are made private, in a folder that is", async () => {
  await using scene = await Scene.open();
  const home = join(scene.dir, "new/home");
  await scene.write("a.txt", "a");
  const umask = { env: { P2P_HOME: home }, ...withUmask("000") };
  assert.equal((await scene.send(["a.txt"], umask)).code, 0);
  assert.equal(modeOf(home), "700");
  for (const { name } of Deno.readDirSync(home)) {
    assert.ok(["600", "700"].includes(modeOf(join(home, name))), name);
  }
});

Deno.test("a staging folder that was open to others is closed to them", async () => {
  await using scene = await Scene.open();
  await scene.stopHub("SIGKILL");
  await Deno.chmod(join(scene.received, ".p2p-partial"), 0o755);
  await scene.startHub();
  assert.equal(modeOf(join(scene.received, ".p2p-partial")), "700");
});

function modeOf(path: string): string {
  return octal(Deno.lstatSync(path).mode! & 0o7777);
}

function octal(mode: number): string {
  return mode.toString(8);
}
