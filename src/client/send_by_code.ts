import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import { type Code, codeName } from "../secure/code.ts";
import { sleep } from "../sleep.ts";
import type { Item } from "./deliver.ts";
import { listTransfers } from "./list_transfers.ts";
import type { Introduction } from "./pair_by_code.ts";
import { connectByCode, meet } from "./pairing.ts";
import { sendItems, type SendItemsOptions } from "./send_items.ts";

/** How often a sender looks whether somebody who has gone gets anything again. */
const LOOK_EVERY_MS = 2_000;

/** Exit codes after which not everything has an outcome: the connection was lost, Ctrl-C. */
const UNFINISHED = [3, 130];

/** How items go to whoever shares a code. */
export interface SendByCodeOptions extends SendItemsOptions {
  /** The one that the receiver has made, or a new one. */
  code: Code | "new";
  qr: boolean;
  remember: boolean;
  secret: NonNullable<SendItemsOptions["secret"]>;
}

/** Meets somebody by a code and sends to nobody else (SPEC.md §19); returns the worst exit code of all items. */
export async function sendByCode(items: Item[], options: SendByCodeOptions): Promise<number> {
  const { to: address, signal } = options;
  const meeting = { ...options, address };
  const { session } = await connectByCode(meeting);
  const exchange = session.open();
  const stop = () => exchange.fail(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const receiver = await meet(exchange, { ...meeting, items: items.length });
    const exitCode = await sendTo(receiver, { items, exchange, session, options });
    if (UNFINISHED.includes(exitCode)) await stopped(exchange);
    else await exchange.send({ type: "settled" }).catch(() => {});
    return exitCode;
  } catch (error) {
    await stopped(exchange);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await session.goodbye("bye", "that is all");
  }
}

/** What one side of a code is to the other while things are sent. */
interface Sending {
  items: Item[];
  exchange: Exchange;
  session: Session;
  options: SendByCodeOptions;
}

async function sendTo(
  { key, name: shown }: Introduction,
  { items, ...sending }: Sending,
): Promise<number> {
  const { options } = sending;
  const recipient = { name: codeName(key), key, shown };
  const gone = new AbortController();
  const over = new AbortController();
  watch(recipient, { ...sending, gone, over: over.signal });
  try {
    return await sendItems(items, {
      ...options,
      name: codeName(options.identity.keyPair.publicKey),
      skipPin: true,
      recipient,
      wait: "delivered",
      signal: AbortSignal.any([options.signal, gone.signal]),
    });
  } finally {
    over.abort();
  }
}

/** Ends the sending, with `gone`, when the receiver stops, or some time after it was cut off and does not come back. */
async function watch(
  recipient: { name: string; shown: string },
  { exchange, session, gone, over, options: { giveUpMs, output } }: Omit<Sending, "items"> & {
    gone: AbortController;
    over: AbortSignal;
  },
) {
  try {
    const message = await exchange.receive();
    if (message.type !== "cancel" || over.aborted) return;
    if (message.code === "interrupted") {
      output.warning(`"${recipient.shown}" was cut off: waiting for it to come back`);
      await standstill(session, { to: recipient.name, ms: giveUpMs, over });
    }
    gone.abort(
      new P2pError("connection", `"${recipient.shown}" has gone before everything was there`, {
        hint: "run the line again for a new code: it goes on where it stopped",
      }),
    );
  } catch {
    // It is over, or the hub is out of reach, which the sending itself notices.
  }
}

/** Resolves when nothing has got to somebody for so long. */
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
