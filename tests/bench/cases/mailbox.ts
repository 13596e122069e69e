import { Joiner } from "../../e2e/joiner.ts";
import type { Case } from "../case.ts";
import { clear, makeFile } from "../content.ts";
import { AT_MOST_MS, joinAll, openScene, sendCommand, settled } from "../hub_scene.ts";
import { measure, type Sample, syncDisks, usage, watch } from "../measure.ts";
import { rowOf } from "../result.ts";

const RUNS = 3;

/** To somebody who is away, and then comes. */
export const mailbox: Case = {
  name: "mailbox",
  shows:
    "1 GB for somebody who is away until it is stored, and from the start of their `p2p join` until it is there",
  async run({ scale, runs = RUNS }) {
    const bytes = scale(1e9);
    await using scene = await openScene();
    await makeFile(scene.files, bytes, "file");
    {
      await using _bob = await joinAll(scene, ["bob"]); // So that the name is known.
    }
    const command = await sendCommand(scene, ["file", "--peer", "bob", "--wait", "stored"]);
    const hub = [scene.hub.pid];
    const [deposits, pickUps]: [Sample[], Sample[]] = [[], []];
    for (let i = 0; i <= runs; i++) {
      await syncDisks();
      const deposit = await measure([command], { hub });
      await syncDisks();
      await using bob = new Joiner(scene, "bob", { atMostMs: AT_MOST_MS });
      const pickUp = await watch({ hub }, async () => {
        await bob.start();
        await bob.program.event("received");
      });
      const { cpu, peak } = await usage(bob.program.pid);
      pickUp.cpu.receiver = cpu;
      pickUp.peak.receiver = peak;
      await settled(scene);
      await bob.stop("SIGINT");
      await clear(bob.dir);
      if (i === 0) continue; // The warm-up.
      deposits.push(deposit);
      pickUps.push(pickUp);
    }
    return [rowOf("deposit", deposits, bytes), rowOf("pick-up", pickUps, bytes)];
  },
};
