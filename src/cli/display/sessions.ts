import type { ExchangeState, SessionState } from "../../protocol/session_state.ts";
import { Session } from "../../protocol/session.ts";
import type { WaitsFor } from "../../protocol/wait.ts";
import { formatAddress } from "../../transport/address.ts";
import { printableName } from "../../ui/printable.ts";
import { formatBytes, formatDuration } from "../../units.ts";
import type { Output } from "./output.ts";

/**
 * Prints all sessions and their exchanges at each SIGUSR1 or SIGUSR2, until it is disposed of;
 * Windows has neither.
 */
export function showSessionsOnSignal(output: Output): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  const show = () => output.answer(sessionLines(Array.from(Session.live, ({ state }) => state)));
  const showAndClose = () => {
    show();
    closeDebugger();
  };
  Deno.addSignalListener("SIGUSR1", showAndClose);
  Deno.addSignalListener("SIGUSR2", show);
  return {
    [Symbol.dispose]() {
      Deno.removeSignalListener("SIGUSR1", showAndClose);
      Deno.removeSignalListener("SIGUSR2", show);
    },
  };
}

/**
 * Closes the debugger that Deno opens by itself at SIGUSR1, since 2.9: through it every user of
 * this machine could do what this process may.
 */
async function closeDebugger() {
  const { default: inspector } = await import("node:inspector");
  for (let looks = 0; looks < MAX_LOOKS && inspector.url() === undefined; looks++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  inspector.close();
}

const MAX_LOOKS = 100;
const LOOK_EVERY_MS = 10;

/** True where a transfer is on its way in some session. */
export function isMoving(): boolean {
  return Array.from(Session.live).some(({ state }) =>
    state.exchanges.some(({ topic }) => topic !== undefined && TRANSFERS.includes(topic))
  );
}

/** The first messages of exchanges in which a transfer moves. */
const TRANSFERS = ["offer", "relay", "delivery"];

/** A line for each session, and below it one for each of its exchanges. */
export function sessionLines(sessions: SessionState[]): string[] {
  if (sessions.length === 0) return ["no session is open"];
  return sessions.flatMap((
    session,
  ) => [sessionLine(session), ...session.exchanges.map(exchangeLine)]);
}

function sessionLine({ number, remoteAddress, peer, openMs, silentMs }: SessionState): string {
  const named = peer === undefined ? "" : ` (${printableName(peer)})`;
  const where = formatAddress(remoteAddress);
  const times = `open ${formatDuration(openMs)}, last heard ${formatDuration(silentMs)} ago`;
  return `session ${number} with ${where}${named}: ${times}`;
}

function exchangeLine({ number, topic, inFlight, waitsFor, waitMs }: ExchangeState): string {
  const wait = waitsFor === undefined ? "waits for nothing" : `waits for ${WORDS[waitsFor]}`;
  const facts = [
    wait,
    ...(inFlight > 0 ? [`${formatBytes(inFlight)} in flight`] : []),
    ...(waitMs === undefined ? [] : [formatDuration(waitMs)]),
  ];
  return `  exchange ${number} ${topic ?? "without a message"}: ${facts.join(", ")}`;
}

const WORDS: Record<WaitsFor, string> = {
  credit: "credit",
  connection: "the connection to take more",
  data: "data",
  message: "a message",
};
