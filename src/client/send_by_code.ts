import { type ErrorCode, P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import { type Code, codeName } from "../secure/code.ts";
import { sleep } from "../sleep.ts";
import type { HubClient } from "./hub_client.ts";
import { checkItems, type Item } from "./items.ts";
import { listTransfers } from "./own_transfers.ts";
import { type Introduction, pair } from "./pairing.ts";
import { type BatchResult, sendBatch, type SendBatchOptions } from "./send_batch.ts";

/** The pause between two looks whether a receiver that has gone gets anything again. */
const LOOK_EVERY_MS = 2_000;

/** Errors after which not everything has an outcome. */
const UNFINISHED: (ErrorCode | undefined)[] = ["connection", "protocol", "interrupted"];

/** The code, and how items go to the person who shares it. */
export interface SendByCodeOptions extends SendBatchOptions {
  /** The one that the receiver has made, or a new one. */
  code: Code | "new";
  /** Keeps the receiver's key under its name. */
  remember: boolean;
}

/** Meets a person by a code and sends to that person alone (SPEC.md §19). */
export async function sendByCode(
  client: HubClient,
  items: Item[],
  options: SendByCodeOptions,
): Promise<BatchResult> {
  const { signal, code, remember } = options;
  const { ready, faulty: [fault] } = await checkItems(items);
  if (ready.length === 0 && fault !== undefined) throw fault.error;
  const { session } = await client.underCode().connect({ signal });
  const exchange = session.open();
  const stop = () => exchange.fail(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const receiver = await pair(exchange, client, { code, remember, items: items.length });
    const result = await sendTo(receiver, { client, items, exchange, session, options });
    if (UNFINISHED.includes(result.worst)) await stopped(exchange);
    else await exchange.send({ type: "settled" }).catch(() => {});
    return result;
  } catch (error) {
    await stopped(exchange);
    // Nothing was sent yet: there is nothing to go on with.
    throw signal.aborted ? new P2pError("interrupted", "stopped", { cause: error }) : error;
  } finally {
    signal.removeEventListener("abort", stop);
    await session.goodbye("bye", "that is all");
  }
}

/** The items for the other side of a code, and the session in which it was met. */
interface Sending {
  client: HubClient;
  items: Item[];
  exchange: Exchange;
  session: Session;
  options: SendByCodeOptions;
}

async function sendTo(
  { keys, name: shown }: Introduction,
  sending: Sending,
): Promise<BatchResult> {
  const { client, items, options } = sending;
  const recipient = { name: codeName(keys.id), keys, shown };
  const gone = new AbortController();
  const over = new AbortController();
  watch(recipient, { ...sending, gone, over: over.signal });
  try {
    return await sendBatch(client.underCode(), items, {
      ...options,
      recipient,
      wait: "delivered",
      signal: AbortSignal.any([options.signal, gone.signal]),
    });
  } finally {
    over.abort();
  }
}

/**
 * Ends the sending, by `gone`, when the receiver stops, or some time after it was cut off and does
 * not come back.
 */
async function watch(
  { name, shown }: { name: string; shown: string },
  { client, exchange, session, gone, over, options: { giveUpMs } }: Sending & {
    gone: AbortController;
    over: AbortSignal;
  },
) {
  try {
    const message = await exchange.receive();
    if (message.type !== "cancel" || over.aborted) return;
    if (message.code === "interrupted") {
      client.emit({ type: "cut-off", name: shown });
      await standstill(session, { to: name, ms: giveUpMs, over });
    }
    gone.abort(
      new P2pError("connection", `"${shown}" has gone before everything was there`, {
        hint: "run the line again for a new code: it goes on where it stopped",
      }),
    );
  } catch {
    // It is over, or the hub is out of reach, which the sending itself notices.
  }
}

/** Resolves when nothing has got to that person for so long. */
async function standstill(
  session: Session,
  { to, ms, over }: { to: string; ms: number; over: AbortSignal },
) {
  let before = "";
  for (let since = performance.now(); performance.now() - since < ms;) {
    await sleep(LOOK_EVERY_MS, over);
    const now = JSON.stringify((await listTransfers(session)).filter((entry) => entry.to === to));
    if (now !== before) since = performance.now();
    before = now;
  }
}

/** Tells the other side that nothing more comes, although not everything is there. */
async function stopped(exchange: Exchange) {
  await exchange.send({ type: "cancel", code: "declined", reason: "" }).catch(() => {});
}
