import type { Scene } from "../../e2e/scene.ts";
import { Joiner } from "../../e2e/joiner.ts";
import { answerTimes } from "../answer_times.ts";
import type { Case } from "../case.ts";
import { clear, makeFile } from "../content.ts";
import { AT_MOST_MS, joinAll, openScene, sendCommand, settled } from "../hub_scene.ts";
import { measure, type Sample, syncDisks, usage, watch } from "../measure.ts";
import { joinAs } from "../person.ts";
import { type Row, rowOf } from "../result.ts";

const RUNS = 3;

/** To somebody who is away, and then comes. */
export const mailbox: Case = {
  name: "mailbox",
  shows:
    "1 GB for somebody who is away until it is stored, and from the start of their `p2p join` until it is there; another guest meanwhile",
  async run({ scale, runs = RUNS }) {
    const bytes = scale(1e9);
    await using scene = await openScene();
    await makeFile(scene.files, bytes, "file");
    {
      await using _bob = await joinAll(scene, ["bob"]); // So that the name is known.
    }
    const deposits: Sample[] = [];
    const pickUps: Sample[] = [];
    for (let i = 0; i <= runs; i++) {
      const [deposit, pickUp] = [await putIn(scene), await takeOut(scene)];
      if (i === 0) continue; // The warm-up.
      deposits.push(deposit);
      pickUps.push(pickUp);
    }
    return [
      rowOf("deposit", deposits, bytes),
      rowOf("pick-up", pickUps, bytes),
      ...await guestWaits(scene),
    ];
  },
};

async function putIn(scene: Scene): Promise<Sample> {
  const command = await sendCommand(scene, ["file", "--peer", "bob", "--wait", "stored"]);
  await syncDisks();
  return await measure([command], { hub: [scene.hub.pid] });
}

async function takeOut(scene: Scene): Promise<Sample> {
  await syncDisks();
  await using bob = new Joiner(scene, "bob", { atMostMs: AT_MOST_MS });
  const pickUp = await watch({ hub: [scene.hub.pid] }, async () => {
    await bob.start();
    await bob.program.event("received");
  });
  const { cpu, peak } = await usage(bob.program.pid);
  pickUp.cpu.receiver = cpu;
  pickUp.peak.receiver = peak;
  await settled(scene);
  await bob.stop("SIGINT");
  await clear(bob.dir);
  return pickUp;
}

/** How long somebody else waits for an answer of the hub meanwhile. */
async function guestWaits(scene: Scene): Promise<Row[]> {
  await using guest = await joinAs("guest", scene.port);
  const rows: Row[] = [];
  for (const [of, work] of Object.entries({ "deposit": putIn, "pick-up": takeOut })) {
    const waits = await answerTimes(guest.session, async () => void await work(scene));
    rows.push({ of: `a guest during a ${of}`, figures: { wait: { unit: "ms", values: waits } } });
  }
  return rows;
}
