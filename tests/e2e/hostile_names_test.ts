import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import naughtyStrings from "big-list-of-naughty-strings" with { type: "json" };
import { ARCHIVE_END } from "../../src/storage/archive/archive.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { treeOf } from "../helpers/tree.ts";
import { Scene } from "./scene.ts";

/** What no component of a path may be. */
const HOSTILE = [
  ...["", ".", "..", "../x", "..\\x", "a/../../x", "/etc/passwd", "//host/share", "a/b", "/", "\\"],
  ...[
    "\\\\?\\C:\\x",
    "C:\\x",
    "~/x",
  ],
  ...[
    "a\0b",
    "a\nb",
    "\x1b[2Jx",
    "\x7f",
    "\x9b31m",
    "\r",
  ],
  ...[
    "photo\u202Egnp.exe",
    "\u2066x\u2069",
    "a\u200Bb",
    "\uFEFFx",
    "a\u00ADb",
    "a\u2028b",
    "\u3164",
  ],
  ...[
    "\ud800",
    "a\udc00b",
    "\udc00\ud800",
    "\uFFFE",
    "\u{E0041}",
    "x".repeat(256),
    "é".repeat(128),
  ],
  "x".repeat(252) + "é\u0301",
];

/** What is refused as the name of a whole transfer alone. */
const HOSTILE_AT_TOP = ["~", ".p2p-partial", ".P2P-Partial", "P2P-PA~1", "." + "x".repeat(254)];

Deno.test("no name that an offer may have leads out of the folder", async () => {
  await using scene = await Scene.open();
  const before = await scene.around();
  using peer = await RawPeer.connect(scene.port);
  for (const name of [...HOSTILE, ...HOSTILE_AT_TOP]) {
    const answer = await peer.deliver(new Uint8Array(1), { name });
    const shown = JSON.stringify(name);
    assert.ok(answer?.type === "refuse", `${shown}: ${answer?.type}`);
    assert.equal(answer.code, "name", shown);
    assert.match(answer.reason, /^cannot accept name /, shown);
  }
  assert.deepEqual(scene.names(), []);
  await assertUntouched(scene, before);
});

Deno.test("no path that an archive may hold leads out of its folder", async () => {
  await using scene = await Scene.open();
  const before = await scene.around();
  using peer = await RawPeer.connect(scene.port);
  const deep = Array.from({ length: 33 }, (_, i) => `${i}`);
  const below = ["..", "../x", "..\\x", "/etc/passwd"].map((name) => ["sub", name]);
  const paths = [...HOSTILE.map((name) => [name]), ...below, deep, []];
  for (const path of paths) {
    const parents = path.slice(0, -1).map((_, depth) => ({
      path: path.slice(0, depth + 1),
      folder: true,
    }));
    const answer = await sendArchive(peer, [...parents, { path }]);
    const shown = JSON.stringify(path);
    assert.ok(answer?.type === "cancel", `${shown}: ${answer?.type}`);
    assert.equal(answer.code, "name", shown);
  }
  assert.deepEqual(scene.names(), []);
  await assertUntouched(scene, before);
});

Deno.test("paths that are no lists of names are refused", async () => {
  await using scene = await Scene.open();
  const before = await scene.around();
  using peer = await RawPeer.connect(scene.port);
  for (const path of ["../x", null, 7, { length: 1, 0: ".." }, [["a"]], [null], undefined]) {
    const answer = await sendArchive(peer, [{ path }]);
    assert.ok(
      answer?.type === "cancel" && ["name", "damaged"].includes(answer.code),
      JSON.stringify(path),
    );
  }
  await assertUntouched(scene, before);
});

Deno.test("one name twice in one folder is refused, also by composition, and what only looks like it is not", async () => {
  await using scene = await Scene.open();
  using peer = await RawPeer.connect(scene.port);
  for (const [a, b] of [["e\u0301", "é"], ["x", "x"]] as const) {
    const answer = await sendArchive(peer, [{ path: [a] }, { path: [b] }]);
    assert.ok(answer?.type === "cancel" && answer.code === "name", `${a} ${b}: ${answer?.type}`);
  }
  assert.deepEqual(scene.names(), []);
  const good = await sendArchive(peer, [{ path: ["A"], folder: true }, { path: ["A", "a"] }, {
    path: ["a"],
  }]);
  assert.equal(good?.type, "receipt", JSON.stringify(good));
});

Deno.test("names just within the bounds are taken", async () => {
  await using scene = await Scene.open();
  using peer = await RawPeer.connect(scene.port);
  const names = ["x".repeat(255), "é".repeat(127) + "e", "COM0x", "nul-a", "..a", "a..b", "x~1"]
    .concat([
      "C:",
      "a:b",
      "file.txt::$DATA",
      "a|b",
      "?",
      "con",
      "NUL.tar.gz",
      "end.",
      "end ",
      "می\u200Cخ",
    ]);
  for (const name of names) {
    const answer = await peer.deliver(new Uint8Array(1), { name });
    assert.equal(answer?.type, "receipt", JSON.stringify(answer));
    await peer.send({ type: "settled", exchange: (answer as { exchange: number }).exchange });
  }
  assert.deepEqual(scene.names(), names.map((name) => name === "..a" ? "_..a" : name).sort());
});

Deno.test("every naughty string is refused as a name, or lands in the folder itself", async () => {
  await using scene = await Scene.open();
  const before = await scene.around();
  const names = (naughtyStrings as string[]).filter((name) => name.length <= 1024);
  const taken = await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
    using peer = await RawPeer.connect(scene.port);
    const answers = [];
    for (const name of names.filter((_, i) => i % 8 === worker)) {
      const answer = await peer.deliver(new Uint8Array(0), { name });
      assert.ok(["refuse", "receipt"].includes(answer!.type), JSON.stringify(answer));
      answers.push(answer!.type);
    }
    return answers.filter((type) => type === "receipt").length;
  }));
  const files = Object.entries(await treeOf(scene.received, ".p2p-partial"));
  assert.equal(files.length, taken.reduce((sum, count) => sum + count));
  assert.ok(files.every(([path]) => !path.includes("/")));
  await assertUntouched(scene, before);
});

const EMPTY_DIGEST = createHash("sha256").digest();

/** Offers a folder with these entries, files of no bytes where they are no folders; the hub's answer. */
function sendArchive(peer: RawPeer, entries: { path: unknown; folder?: boolean }[]) {
  const frames = entries.map(({ path, folder = false }) => {
    const file = folder ? {} : { size: 0, kind: "file", executable: false };
    const header = new TextEncoder().encode(JSON.stringify({ path, folder, modified: 0, ...file }));
    const tail = folder ? [] : [0, ...EMPTY_DIGEST];
    return [header.length >> 8, header.length & 255, ...header, ...tail];
  });
  const files = entries.filter(({ folder }) => !folder).length;
  const archive = Uint8Array.from([...frames.flat(), ...ARCHIVE_END]);
  return peer.deliver(archive, { name: "folder", folder: true, size: 0, files });
}

/** Nothing has changed around the folder, and the hub goes on. */
async function assertUntouched(scene: Scene, before: Record<string, string>) {
  assert.deepEqual(await scene.around(), before);
  await scene.write("honest.txt", "still here");
  assert.equal((await scene.send(["honest.txt"])).code, 0);
}
