import assert from "node:assert/strict";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { eventually } from "../helpers/eventually.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

const READERS = 50;

/** What the hub may take at most: it holds no more of the file for the slowest than for the fastest. */
const MOST_MEMORY_BYTES = 200_000_000;

Deno.test({
  name: "fifty receivers that do not read cost the hub no memory, and the one who does no time",
  ignore: Deno.build.os !== "linux", // It says in /proc how much memory was taken.
}, async () => {
  await using scene = await Scene.open();
  await using fast = await Joiner.join(scene, "fast");
  using slow = new Stalled();
  const names = Array.from({ length: READERS }, (_, i) => `slow ${i}`);
  for (const name of names) await slow.join(scene.port, name);
  const content = sampleBytes(256 * CHUNK_BYTES);
  await scene.write("big.bin", content);
  const people = ["fast", ...names].flatMap((name) => ["--peer", name]);
  await using sender = await scene.sending(["big.bin", ...people, "--wait", "stored"]);
  await slow.taken();
  assert.equal((await fast.program.event("received")).bytes, content.length);
  const { code, stderr } = await sender.finished;
  assert.equal(code, 0, stderr);
  // Each has got what goes into the buffers of its connection: what the hub keeps for it beside that would show.
  await eventually(async () => {
    const entries = eventsOf(await scene.status(["--json"]), "transfer");
    assert.ok(entries.every(({ bytes }) => bytes >= 4 * CHUNK_BYTES));
  });
  const memory = mostMemory(scene.hub.pid);
  assert.ok(memory < MOST_MEMORY_BYTES, `the hub took ${memory} bytes`);
});

Deno.test("who alone gets something and does not read it keeps the sender no longer", async () => {
  await using scene = await Scene.open();
  using slow = new Stalled();
  await slow.join(scene.port, "slow");
  await scene.write("big.bin", sampleBytes(128 * CHUNK_BYTES));
  const to = ["--peer", "slow", "--wait", "stored"];
  const [{ code, stderr }] = await Promise.all([scene.send(["big.bin", ...to]), slow.taken()]);
  assert.equal(code, 0, stderr);
});

/** People who take what is brought to them, and read nothing more from then on; that they live they say. */
class Stalled implements Disposable {
  readonly #peers: RawPeer[] = [];
  readonly #living = setInterval(() => {
    for (const peer of this.#peers) peer.send({ type: "pong" }).catch(() => {});
  }, 2_000);

  async join(port: number, name: string): Promise<void> {
    const peer = await RawPeer.connect(port, { name });
    this.#peers.push(peer);
    await peer.send({ type: "join", exchange: 1, keep: true });
    await message(peer, "joined");
  }

  /** Resolves when the hub has begun to send to each of them. */
  async taken(): Promise<void> {
    await Promise.all(this.#peers.map(async (peer) => {
      const { exchange } = await message(peer, "delivery") as { exchange: number };
      const credit = WINDOW_BYTES;
      await peer.send({ type: "accept", exchange, offset: 0, digest: null, credit, taken: false });
      await message(peer, "run");
    }));
  }

  [Symbol.dispose]() {
    clearInterval(this.#living);
    for (const peer of this.#peers) peer[Symbol.dispose]();
  }
}

/** The next message of that type; others pass by. */
async function message(peer: RawPeer, type: string) {
  let next = await peer.receive();
  while (next !== undefined && next.type !== type) next = await peer.receive();
  assert.ok(next, `the hub has hung up without "${type}"`);
  return next;
}

function mostMemory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
