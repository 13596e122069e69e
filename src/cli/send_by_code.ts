import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { codeName } from "../protocol/peer_name.ts";
import type { Session } from "../protocol/session.ts";
import type { Code } from "../secure/code.ts";
import { sleep } from "../sleep.ts";
import type { Item } from "../transfer/deliver.ts";
import { listTransfers } from "../transfer/ledger.ts";
import { connectByCode, meet } from "./meet.ts";
import { sendItems, type SendItemsOptions } from "./send_items.ts";

/** How often a sender looks whether somebody who has gone gets anything again. */
const LOOK_EVERY_MS = 2_000;

/** How items go to whoever shares a code. */
export interface SendByCodeOptions extends SendItemsOptions {
  /** The one that the receiver has made; undefined to make one. */
  code: Code | undefined;
  qr: boolean;
  remember: boolean;
  secret: NonNullable<SendItemsOptions["secret"]>;
}

/** Meets somebody by a code and sends to nobody else (SPEC.md §19); returns the worst exit code of all items. */
export async function sendByCode(items: Item[], options: SendByCodeOptions): Promise<number> {
  const { to: address, identity, name, output } = options;
  const meeting = { ...options, address };
  const { session } = await connectByCode(meeting);
  const over = new AbortController();
  try {
    const exchange = session.open();
    const { key, name: shown } = await meet(exchange, { ...meeting, name, items: items.length });
    const gone = new AbortController();
    const recipient = { name: codeName(key), key };
    watch(exchange, { session, shown, recipient: recipient.name, gone, over: over.signal, options });
    const exitCode = await sendItems(items, {
      ...options,
      name: codeName(identity.keyPair.publicKey),
      anyHub: true,
      recipient: { ...recipient, shown },
      wait: "delivered",
      signal: AbortSignal.any([options.signal, gone.signal]),
    });
    await exchange.send({ type: "settled" }).catch(() => {});
    await session.goodbye("bye", "all is sent");
    return exitCode;
  } finally {
    over.abort();
    session.abort();
    output.close();
  }
}

/** Ends the sending, with `gone`, some time after the receiver has gone, unless it comes back and gets on. */
async function watch(
  exchange: Exchange,
  { session, shown, recipient, gone, over, options: { giveUpMs, output } }: {
    session: Session;
    shown: string;
    recipient: string;
    gone: AbortController;
    over: AbortSignal;
    options: SendByCodeOptions;
  },
) {
  try {
    const { type } = await exchange.receive();
    if (type !== "cancel" || over.aborted) return;
    output.warning(`"${shown}" has gone: waiting for it to come back`);
    let before = "";
    for (let since = Date.now(); Date.now() - since < giveUpMs;) {
      await sleep(LOOK_EVERY_MS, over);
      const now = JSON.stringify((await listTransfers(session)).filter(({ to }) => to === recipient));
      if (now !== before) since = Date.now();
      before = now;
    }
    gone.abort(
      new P2pError("connection", `"${shown}" has gone before everything was there`, {
        hint: "run the line again for a new code: it goes on where it stopped",
      }),
    );
  } catch {
    // It is over, or the hub is out of reach, which the sending itself will notice.
  }
}
