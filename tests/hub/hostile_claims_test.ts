import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Message } from "../../src/protocol/messages.ts";
import { openServer } from "../helpers/hub_server.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { chunkOf } from "../helpers/chunks.ts";

/** Rule 26 of what a stranger may try: what is declared is a ceiling, or decides nothing. */

const SCRIPT = new TextEncoder().encode("#!/bin/sh\necho here\n");
const PNG = Uint8Array.from(Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));

type Answer = Message<"cancel">;

Deno.test("a script that is said to be an image is not taken where images are, nor in a folder", async () => {
  await using dir = await TempDir.make();
  const receive = { dir: dir.join("received"), onConflict: "rename", allowHidden: false } as const;
  const { server } = await openServer(dir, { receive: { ...receive, types: ["image"] } });
  try {
    using mallory = await RawPeer.connect(server.address.port);
    const lie = await mallory.deliver(SCRIPT, { name: "lie.png", kind: "image" }) as Answer;
    assert.deepEqual([lie.type, lie.code], ["cancel", "kind"]);
    assert.equal(lie.reason, "only images are accepted here");
    const folder = { folder: true, name: "album", kind: "file", files: 2 };
    const archive = archiveOf({ "a.png": PNG, "b.png": SCRIPT });
    const size = PNG.length + SCRIPT.length;
    const album = await mallory.deliver(archive, { ...folder, size }) as Answer;
    assert.deepEqual([album.type, album.code], ["cancel", "kind"]);
    assert.match(album.reason, /^"b\.png" is not accepted: only images/);
    assert.deepEqual([...Deno.readDirSync(dir.join("received/.p2p-partial"))], []);
    const honest = archiveOf({ "a.png": PNG });
    const taken = await mallory.deliver(honest, { ...folder, files: 1, size: PNG.length });
    assert.equal(taken?.type, "receipt");
    assert.deepEqual(namesIn(dir.join("received")), [".p2p-partial", "album"]);
  } finally {
    await server.close();
  }
});

Deno.test("a rule for images takes no script that is said to be one", async () => {
  await using dir = await TempDir.make();
  const rules = [{ allow: true, to: ["hub"], kind: ["image"], line: 1 } as const];
  const { server } = await openServer(dir, { rules });
  try {
    using mallory = await RawPeer.connect(server.address.port);
    const lie = await mallory.deliver(SCRIPT, { name: "lie.png", kind: "image" }) as Answer;
    assert.deepEqual([lie.type, lie.code], ["cancel", "kind"]);
    const image = await mallory.deliver(PNG, { name: "true.png", kind: "image" });
    assert.equal(image?.type, "receipt");
  } finally {
    await server.close();
  }
});

for (const [size, chunks] of [[1, 1], [300_000, 2]] as const) {
  Deno.test(`a relay of ${size} bytes brings no more, and one of an unknown size what may be`, async () => {
    await using dir = await TempDir.make();
    const receive = {
      dir: dir.join("received"),
      onConflict: "rename",
      allowHidden: false,
    } as const;
    const rules = [{ allow: false, minSize: 1_000_000, line: 1 }, { allow: true, line: 2 }];
    const { server } = await openServer(dir, {
      receive: { ...receive, maxFileSize: 1_000_000 },
      rules,
    });
    try {
      using bo = await RawPeer.connect(server.address.port, { name: "bo" });
      await bo.send({ type: "join", exchange: 1 });
      assert.equal((await bo.receive())?.type, "welcome");
      assert.equal((await bo.receive())?.type, "joined");
      using mallory = await RawPeer.connect(server.address.port);
      await relay(mallory, 1, size);
      for (let i = 0; i < chunks; i++) await mallory.sendData(1, chunkOf());
      await mallory.sendData(1, chunkOf());
      const stopped = await mallory.answer() as Answer;
      assert.deepEqual([stopped.type, stopped.code], ["cancel", "damaged"]);
      assert.equal(stopped.reason, `it has more than the ${size} bytes that were declared`);
      await relay(mallory, 3, 8_000_000, "refuse");
    } finally {
      await server.close();
    }
  });
}

/** Begins a relay to bo, where it is accepted. */
async function relay(peer: RawPeer, exchange: number, size: number, answer = "accept") {
  const transfer = `${exchange}`.repeat(32);
  await peer.send({ type: "relay", exchange, transfer, size, receivers: 1 });
  await peer.send({ type: "envelope", exchange, to: "bo", sealed: "AAAA" });
  assert.equal((await peer.answer())?.type, answer);
  if (answer !== "accept") return;
  await peer.send({ type: "begin", exchange, offset: 0, salt: "S".repeat(43) });
}

/** Behind the content of a file: whole, and a digest that nobody computes (SPEC.md §10). */
const TAIL = Buffer.alloc(33);

/** An archive of files that are said to be images. */
function archiveOf(files: Record<string, Uint8Array>): Uint8Array {
  const pieces = Object.entries(files).flatMap(([name, content]) => {
    const entry = { path: [name], folder: false, modified: 0, size: content.length };
    const header = Buffer.from(JSON.stringify({ ...entry, kind: "image", executable: false }));
    return [Buffer.from([header.length >> 8, header.length & 0xff]), header, content, TAIL];
  });
  return Uint8Array.from(Buffer.concat([...pieces, Buffer.alloc(2)]));
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
