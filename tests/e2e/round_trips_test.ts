import assert from "node:assert/strict";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TurnProxy } from "../helpers/turn_proxy.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

/** Round trips of a handshake before the first record: of TCP, and of messages 1 and 2. */
const BEFORE_MESSAGE_3 = 2;

/** The one in which the content leaves and the receipt comes. */
const LAST = 1;

/** Where it waits for more, that is an error, and no other try. */
const AT_ONCE = ["--give-up", "0s"];

Deno.test("a small file takes three round trips from the first packet to the exit", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "x".repeat(1_024));
  using proxy = new TurnProxy(scene.port);
  proxy.handshakeFrames = 2; // Messages 1 and 3.
  proxy.turns = 3 - LAST - (BEFORE_MESSAGE_3 - 1);
  for (const args of [["a.txt"], ["a.txt", "--as", "again.txt"]]) {
    const { code, stderr } = await scene.send([...args, "--to", proxy.to, ...AT_ONCE]);
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(scene.names(), ["a.txt", "again.txt"]);
});

Deno.test("with a secret it takes four, and five where the hub is met for the first time", async () => {
  await using scene = await Scene.open({ hub: { env: { P2P_SECRET: "a secret of eight" } } });
  await scene.write("a.txt", "x".repeat(1_024));
  using proxy = new TurnProxy(scene.port);
  proxy.handshakeFrames = 4; // Messages 1 and 3, share and tag.
  const env = { P2P_SECRET: "a secret of eight" };
  for (const roundTrips of [5, 4, 4]) {
    proxy.turns = roundTrips - LAST - (BEFORE_MESSAGE_3 - 1);
    const name = `${crypto.randomUUID()}.txt`;
    const { code, stderr } = await scene.send(
      ["a.txt", "--as", name, "--to", proxy.to, ...AT_ONCE],
      { env },
    );
    assert.equal(code, 0, stderr);
    assert.ok(scene.names().includes(name));
  }
});

Deno.test("what leaves before the hub has taken the session is one error where it does not", async () => {
  await using scene = await Scene.open({ hub: { env: { P2P_SECRET: "the first secret" } } });
  await scene.write("a.txt", "hello");
  await scene.write("b.bin", sampleBytes(3_000_000));
  const env = { P2P_SECRET: "the first secret" };
  assert.equal((await scene.send(["a.txt"], { env })).code, 0); // The hub is pinned.
  await scene.stopHub("SIGTERM");
  await scene.startHub("hub", { P2P_SECRET: "another secret" });
  const refused = await scene.send(["b.bin", "a.txt", "--json"], { env });
  assert.equal(refused.code, 4);
  const [failed, ...more] = eventsOf(refused, "failed");
  assert.match(String(failed?.message), /^cannot connect to .*: the secret is wrong$/);
  assert.deepEqual([more, eventsOf(refused, "delivered")], [[], []]);
  assert.deepEqual(scene.names(), ["a.txt"]);
  const again = await scene.send(["b.bin", "--json"], { env: { P2P_SECRET: "another secret" } });
  assert.deepEqual([again.code, scene.names()], [0, ["a.txt", "b.bin"]]);
});
