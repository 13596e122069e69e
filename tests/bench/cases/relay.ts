import type { Case } from "../case.ts";
import { clear, makeFile } from "../content.ts";
import { joinAll, openScene, sendCommand } from "../hub_scene.ts";
import { measure, type Sample, syncDisks } from "../measure.ts";
import { ratio, rowOf } from "../result.ts";

const RUNS = 3;

/** The same file to somebody who is joined and to the hub itself, in turn. */
export const relay: Case = {
  name: "relay-1gb",
  shows: "1 GB through the hub to one person until they have it, against 1 GB to the hub itself",
  async run({ scale, runs = RUNS }) {
    const bytes = scale(1e9);
    await using scene = await openScene();
    await makeFile(scene.files, bytes, "file");
    await using joined = await joinAll(scene, ["bob"]);
    const bob = joined.joiners[0]!;
    const relaying = await sendCommand(scene, ["file", "--peer", "bob", "--wait", "delivered"]);
    const sending = await sendCommand(scene, ["file"]);
    const hub = [scene.hub.pid];
    const [relayed, direct]: [Sample[], Sample[]] = [[], []];
    for (let i = 0; i <= runs; i++) {
      await syncDisks();
      const through = await measure([relaying], { hub, receiver: [bob.program.pid] });
      await clear(bob.dir);
      await syncDisks();
      const to = await measure([sending], { hub });
      await clear(scene.received);
      if (i === 0) continue; // The warm-up.
      relayed.push(through);
      direct.push(to);
    }
    const [toOne, toHub] = [rowOf("to one", relayed, bytes), rowOf("to the hub", direct, bytes)];
    const against = ["time", "processor of hub"].flatMap((what) => {
      const [ours, others] = [toOne.figures[what], toHub.figures[what]];
      return ours && others ? [[what, ratio(ours.values, others.values)]] : [];
    });
    return [
      toOne,
      toHub,
      { of: "to one, against to the hub", figures: Object.fromEntries(against) },
    ];
  },
};
