import { MAX_HALF_OPEN_PER_NETWORK } from "../../src/hub/admission.ts";
import { Joiner } from "../e2e/joiner.ts";
import { eventsOf, programCommand } from "../e2e/program.ts";
import { Scene, type SceneOptions } from "../e2e/scene.ts";
import type { Command } from "./measure.ts";

/** Longer than any case takes: nothing counts as hanging while it is measured. */
export const AT_MOST_MS = 3_600_000;

/** A hub, and what belongs to it. */
export function openScene(options: SceneOptions = { plain: true }): Promise<Scene> {
  return Scene.open({ ...options, hub: { atMostMs: AT_MOST_MS } });
}

/** Some who are joined, each in a process of their own, until the end of the block. */
export async function joinAll(scene: Scene, names: string[]) {
  await using stack = new AsyncDisposableStack();
  const joiners: Joiner[] = [];
  for (let at = 0; at < names.length; at += MAX_HALF_OPEN_PER_NETWORK) {
    const some = names.slice(at, at + MAX_HALF_OPEN_PER_NETWORK); // A hub turns more at once away.
    joiners.push(
      ...stack.use(await Joiner.joinAll(scene, some, { plain: true, atMostMs: AT_MOST_MS })),
    );
  }
  const joined = stack.move();
  return { joiners, [Symbol.asyncDispose]: () => joined.disposeAsync() };
}

/** Names of `count` people. */
export function people(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `person ${i}`);
}

/** `p2p send` with `args` to the hub of a scene, to be measured; `to` is another way there. */
export async function sendCommand(
  scene: Scene,
  args: string[],
  { to = scene.to } = {},
): Promise<Command> {
  return {
    line: [...programCommand(), "send", "--to", to, "--name", "ana", "--quiet", ...args],
    cwd: scene.files,
    env: { P2P_HOME: await scene.home("ana") },
  };
}

/** Resolves when nobody waits for anything any more. */
export async function settled(scene: Scene): Promise<void> {
  for (;;) {
    const peers = eventsOf(await scene.ask("peers", ["--json"]), "peer");
    if (peers.every(({ waiting }) => waiting === 0)) return;
  }
}
