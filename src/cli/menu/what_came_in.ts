import { confirm, select } from "@clack/prompts";
import { basename } from "node:path";
import type { Received } from "../../transfer/events.ts";
import { receivedLine, shortPath } from "../../ui/event_lines.ts";
import { formatBytes } from "../../units.ts";
import { printable, printableName } from "../../ui/printable.ts";
import { answerTo } from "../prompts/answer.ts";
import { lookAt } from "./look_at.ts";
import type { Menu } from "./menu.ts";

/**
 * Shows what has come in while the menu was open, one thing after the other, until no more are
 * asked for.
 */
export async function whatCameIn(
  { news, output, color }: Menu,
  signal: AbortSignal,
): Promise<void> {
  if (news.lookThrough().length === 0) return output.note("nothing has come in yet");
  let chosen: Received | undefined;
  do {
    chosen = await chooseArrival([...news.lookThrough()], chosen);
    if (chosen === undefined) return;
    if (chosen.files === undefined) await lookAt(chosen.path, { color });
    else output.result(receivedLine(chosen, output.style));
  } while (!signal.aborted && await wantsMore(chosen));
}

function chooseArrival(
  arrivals: Received[],
  last: Received | undefined,
): Promise<Received | undefined> {
  return answerTo((signal) =>
    select<Received>({
      message: "What came in, the newest first",
      options: arrivals.map((arrival) => ({
        value: arrival,
        label: `${printableName(basename(arrival.path))} from ${printableName(arrival.from)}`,
        hint: formatBytes(arrival.bytes),
      })),
      ...last === undefined ? {} : { initialValue: last },
      signal,
    })
  );
}

/** Asks for another one; until the answer the preview stays on the screen. */
function wantsMore({ path }: Received): Promise<boolean | undefined> {
  const message = `${printable(shortPath(path))}: look at another?`;
  return answerTo((signal) => confirm({ message, initialValue: false, signal }));
}
