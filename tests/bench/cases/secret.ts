import type { Case } from "../case.ts";
import { makeFile } from "../content.ts";
import { AT_MOST_MS, openScene, sendCommand } from "../hub_scene.ts";
import { measure } from "../measure.ts";
import { seconds } from "../result.ts";

const RUNS = 9;
const SECRET = "correct horse battery";

/** What it takes a cold sender to prove a secret. */
export const secret: Case = {
  name: "secret",
  shows:
    "a cold `p2p send` of 1 KiB to a hub without and with a secret, in turn, and what the secret adds",
  async run({ runs = RUNS }) {
    const hub = { atMostMs: AT_MOST_MS, env: { P2P_SECRET: SECRET } };
    await using open = await openScene();
    await using closed = await openScene({ plain: true, hub });
    const [without, withSecret]: [number[], number[]] = [[], []];
    for (const { files } of [open, closed]) await makeFile(files, 1024, "file");
    const toOpen = await sendCommand(open, ["file"]);
    const toClosed = await sendCommand(closed, ["file"]);
    const command = { ...toClosed, env: { ...toClosed.env, P2P_SECRET: SECRET } };
    for (let i = 0; i <= runs; i++) {
      const [first, second] = [await measure([toOpen]), await measure([command])];
      if (i === 0) continue; // The warm-up.
      without.push(first.seconds);
      withSecret.push(second.seconds);
    }
    const added = withSecret.map((time, i) => 1000 * (time - without[i]!));
    return [
      { of: "without", figures: { time: seconds(without) } },
      {
        of: "with a secret",
        figures: { time: seconds(withSecret), "it adds": { unit: "ms", values: added } },
      },
    ];
  },
};
