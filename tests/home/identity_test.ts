import assert from "node:assert/strict";
import { loadIdentity } from "../../src/home/identity.ts";
import { keyPairFrom } from "../../src/secure/x25519.ts";
import { runScript } from "../helpers/run_script.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const IDENTITY = new URL("../../src/home/identity.ts", import.meta.url).href;

const hasModes = Deno.build.os !== "windows";

Deno.test("loadIdentity makes an identity once, and reads the same one later", async () => {
  await using dir = await TempDir.make();
  const home = dir.join("a", "home");
  const made = await loadIdentity(home);
  assert.deepEqual(await loadIdentity(home), made);
  assert.deepEqual(keyPairFrom(made.keyPair.dhPair.privateKey).publicKey, made.keyPair.dh);
  assert.equal(made.name, undefined);
});

Deno.test("loadIdentity makes another one for another home", async () => {
  await using dir = await TempDir.make();
  const [a, b] = await Promise.all([loadIdentity(dir.join("a")), loadIdentity(dir.join("b"))]);
  assert.notDeepEqual(a.keyPair, b.keyPair);
});

Deno.test("loadIdentity gives one identity to ten that run at once, and leaves nothing else behind", async () => {
  await using dir = await TempDir.make();
  const home = dir.join("home");
  const all = await Promise.all(Array.from({ length: 10 }, () => loadIdentity(home)));
  all.forEach((identity) => assert.deepEqual(identity, all[0]));
  assert.deepEqual(namesIn(home), ["identity.json"]);
});

Deno.test({
  name: "loadIdentity makes a file of mode 0600 in a folder of mode 0700, whatever the umask",
  ignore: !hasModes,
  async fn() {
    await using dir = await TempDir.make();
    const home = dir.join("home");
    await runScript(`
      import { loadIdentity } from "${IDENTITY}";
      Deno.umask(0);
      await loadIdentity("${home}");
    `);
    assert.equal(modeOf(home), 0o700);
    assert.equal(modeOf(`${home}/identity.json`), 0o600);
  },
});

Deno.test({
  name: "loadIdentity refuses a key that others may read or write",
  ignore: !hasModes,
  async fn() {
    await using dir = await TempDir.make();
    await loadIdentity(dir.path);
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o666]) {
      await Deno.chmod(dir.join("identity.json"), mode);
      await assert.rejects(
        loadIdentity(dir.path),
        { code: "local", hint: /chmod 600/ },
        mode.toString(8),
      );
    }
    await Deno.chmod(dir.join("identity.json"), 0o400);
    await loadIdentity(dir.path);
  },
});

Deno.test("loadIdentity refuses a damaged file, and leaves it as it is", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("identity.json");
  const damaged = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"privateKey":1}',
    '{"privateKey":"AAAA"}',
    '{"privateKey":null}',
  ];
  for (const text of damaged) {
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    await assert.rejects(loadIdentity(dir.path), { code: "local", message: /damaged/ }, text);
    assert.equal(await Deno.readTextFile(path), text);
  }
});

Deno.test("loadIdentity says so where the home cannot be a folder", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("file"), "");
  await assert.rejects(loadIdentity(dir.join("file")), { code: "local" });
  await assert.rejects(loadIdentity(dir.join("file", "home")), { code: "local" });
});

Deno.test("loadIdentity reads the name that was chosen", async () => {
  await using dir = await TempDir.make();
  const { keyPair } = await loadIdentity(dir.path);
  const made = JSON.parse(await Deno.readTextFile(dir.join("identity.json")));
  await Deno.writeTextFile(dir.join("identity.json"), JSON.stringify({ ...made, name: "Zoë" }));
  assert.deepEqual(await loadIdentity(dir.path), { keyPair, name: "Zoë" });
});

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o7777;
}

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name);
}
