import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RawPeer } from "../helpers/raw_peer.ts";
import { Joiner } from "./joiner.ts";
import { Scene } from "./scene.ts";

Deno.test("a hub dials nobody, whatever address a peer puts into what it says", async () => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const dialled = listener.accept().then((conn) => conn.close(), () => "nobody");
  const where = { address: `127.0.0.1:${port}`, host: "127.0.0.1", port, url: `http://x:${port}` };
  using peer = await RawPeer.connect(scene.port);
  const receipt = await peer.deliver(new Uint8Array(5), { ...where, name: "a.bin" });
  assert.equal(receipt?.type, "receipt");
  const transfer = "ab".repeat(16);
  await peer.send({ type: "relay", exchange: 3, transfer, size: 5, receivers: 1, ...where });
  await peer.send({ type: "envelope", exchange: 3, to: "bob", sealed: where.address, ...where });
  assert.equal((await peer.answer())?.type, "accept");
  await peer.send({ type: "join", exchange: 5, keep: true, ...where });
  await scene.hub.event("joined", ({ peer }) => peer === "mallory");
  await scene.stopHub("SIGINT");
  listener.close();
  assert.equal(await dialled, "nobody");
});

Deno.test("nothing of the hub can dial", () => {
  const hub = fileURLToPath(new URL("../../src/hub/", import.meta.url));
  const files = sourcesBelow(hub);
  assert.ok(files.some((file) => file.includes("relay")), "its folders are looked through too");
  for (const file of files) {
    assert.doesNotMatch(
      Deno.readTextFileSync(file),
      /transport\/dial|import \{[^}]*\bconnect\b|Deno\.connect|\bfetch\(/,
      file,
    );
  }
});

function sourcesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? sourcesBelow(join(folder, name)) : [join(folder, name)]
  );
}
