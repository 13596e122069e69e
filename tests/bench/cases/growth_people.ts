import { programCommand } from "../../e2e/program.ts";
import type { Case } from "../case.ts";
import { makeFile } from "../content.ts";
import { openScene, people, sendCommand } from "../hub_scene.ts";
import { type Command, measure, type Sample } from "../measure.ts";
import { joinEach, takeAndDrop } from "../person.ts";
import { type Row, rowOf, seconds, withGrowth } from "../result.ts";
import { timesToJoin } from "./hub_idle.ts";

const RUNS = 5;
const COUNTS = [10, 100, 1_000];

/** What everybody who is joined costs the others. */
export const growthPeople: Case = {
  name: "growth-people",
  shows:
    "10, 100 and 1,000 people joined: 1 KiB to one and to all of them, `p2p peers`, a newcomer, the hub's memory",
  async run({ runs = RUNS }) {
    const rows: Row[] = [];
    for (const count of COUNTS) rows.push(await amongPeople(count, runs));
    return withGrowth(withGrowth(rows, { counts: COUNTS, what: "to all" }), {
      counts: COUNTS,
      what: "peak of hub",
    });
  },
};

async function amongPeople(count: number, runs: number): Promise<Row> {
  await using scene = await openScene();
  await makeFile(scene.files, 1024, "file");
  await using _people = await joinEach(people(count), scene.port, takeAndDrop);
  const newcomers = await timesToJoin(scene.port, runs);
  const toOne = await sendCommand(scene, ["file", "--peer", "person 0", "--wait", "delivered"]);
  const toAll = await sendCommand(scene, ["file", "--all", "--wait", "delivered"]);
  const list = { ...toOne, line: [...programCommand(), "peers", scene.to, "--name", "ana"] };
  const measured = async (command: Command) => {
    const samples: Sample[] = [];
    for (let i = 0; i <= runs; i++) {
      const sample = await measure([command], { hub: [scene.hub.pid] });
      if (i > 0) samples.push(sample); // The first is the warm-up.
    }
    return samples;
  };
  const [one, peers, all] = [await measured(toOne), await measured(list), await measured(toAll)];
  const times = (samples: Sample[]) => seconds(samples.map(({ seconds }) => seconds));
  const { figures: { time: _, ...peaks } } = rowOf("", all, 0);
  return {
    of: `${count} joined`,
    figures: {
      "a newcomer is in after": { unit: "ms", values: newcomers },
      "to one": times(one),
      "peers": times(peers),
      "to all": times(all),
      ...peaks,
    },
  };
}
