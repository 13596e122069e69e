import assert from "node:assert/strict";
import type { Message } from "../../src/protocol/messages.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { Scene, type SceneOptions } from "./scene.ts";

/**
 * Attacks a hub and looks at what is left: nothing around its folder has changed and nothing is published; it has said at
 * most one line about the transfer and one about the connection, and no stack; it serves an honest sender right after.
 */
export async function withstand(
  attack: (scene: Scene) => Promise<void>,
  options: SceneOptions = {},
): Promise<void> {
  await using scene = await Scene.open({ ...options, plain: true });
  const before = await scene.around();
  await attack(scene);
  assert.deepEqual(scene.names(), []);
  await scene.write("honest.txt", "still here");
  assert.equal((await scene.send(["honest.txt"])).code, 0);
  assert.equal(await scene.readText("honest.txt"), "still here");
  assert.deepEqual(scene.names(), ["honest.txt"]);
  const { code, stdout, stderr } = await scene.stopHub("SIGINT");
  for (const said of [stdout, stderr]) {
    const lines = said.split("\n").filter((line) => !USUAL.test(line));
    assert.ok(lines.length <= 1, said);
  }
  assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]/u);
  assert.equal(code, 130);
  assert.deepEqual(await scene.around(), before);
}

/** What a hub says anyway. */
const USUAL =
  /^(Server initialized| {2}[a-z ]+ {2}.*|received honest\.txt from ana .*|stopping[;:] .*|stopped|)$/;

/** What a peer does once its session is open; gives the hub's last answer. */
export type Attack = (peer: RawPeer) => Promise<Message | undefined>;

/** The hub's answer to an attack: its type, its code, and a part of its reason. */
export type Expected = [type: string, code: string, reason: RegExp];

/** A test for each attack: the hub gives the answer that is expected, keeps nothing that is damaged, and withstands it. */
export function testAttacks(attacks: Record<string, [Attack, Expected]>): void {
  for (const [name, [attack, [type, code, reason]]] of Object.entries(attacks)) {
    Deno.test(`the hub withstands ${name}`, async () => {
      await withstand(async (scene) => {
        using peer = await RawPeer.connect(scene.port);
        const answer = await attack(peer) as Message<"cancel">;
        assert.deepEqual([answer.type, answer.code], [type, code], answer.reason);
        assert.match(answer.reason, reason);
        if (code === "damaged") await scene.cleared();
      });
    });
  }
}
