import { fingerprint } from "../secure/fingerprint.ts";
import { checkPeople } from "../secure/known_people.ts";
import { listPeople } from "../transfer/directory.ts";
import { isoDate } from "../transfer/iso_date.ts";
import { formatDate } from "../ui/format.ts";
import { printable } from "../ui/printable.ts";
import { askHub, askHubOptions, type AskOptions } from "./ask_hub.ts";
import { withInterrupt } from "./interrupt.ts";

/** `p2p peers`: who is joined at a hub, and who is known there and away. */
export function peersCommand() {
  return askHubOptions("peers", "who is joined, who is known and away")
    .action((hub, options) => withInterrupt((signal) => peers(hub, { ...options, signal })));
}

async function peers(hub: string, options: AskOptions): Promise<void> {
  await askHub(hub, options, async ({ session, fingerprint: hub, home }, output) => {
    const people = await listPeople(session);
    if (people.length === 0) output.note("nobody has joined this hub yet");
    const width = Math.max(0, ...people.map(({ name }) => printable(name).length));
    for (const { name, key, state, since, waiting } of people) {
      const peer = {
        name,
        fingerprint: fingerprint(key),
        state,
        since: isoDate(since),
        waiting,
      };
      output.event({ event: "peer", ...peer });
      const shown = state === "joined" ? output.style.green("joined") : output.style.dim("away  ");
      const files = waiting === 0
        ? ""
        : `, ${waiting} ${waiting === 1 ? "file waits" : "files wait"}`;
      output.result(
        `${shown}  ${printable(name).padEnd(width)}  ${peer.fingerprint}  since ${
          formatDate(Date.parse(peer.since))
        }${files}`,
      );
    }
    const [changed, ...more] = await checkPeople(home, { hub, people });
    for (const error of more) output.failure(error);
    if (changed !== undefined) throw changed;
  });
}
