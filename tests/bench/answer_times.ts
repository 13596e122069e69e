import type { Session } from "../../src/protocol/session.ts";

const ASK_EVERY_MS = 2;

/** Asks who is there, again and again while `work` is done, and how long each answer takes, in milliseconds. */
export async function answerTimes(session: Session, work: () => Promise<void>): Promise<number[]> {
  let isDone = false;
  const working = work().finally(() => isDone = true);
  const times: number[] = [];
  while (!isDone) {
    const at = performance.now();
    const exchange = session.open();
    await exchange.send({ type: "list" });
    while ((await exchange.receive()).type !== "listed");
    exchange.end();
    times.push(performance.now() - at);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  await working;
  return times;
}
