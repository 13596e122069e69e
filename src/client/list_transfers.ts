import { P2pError } from "../errors.ts";
import type { Message } from "../protocol/messages.ts";
import type { Session } from "../protocol/session.ts";

/** One of our own transfers for one recipient, as the hub says (SPEC.md §18). */
export type TransferEntry = Omit<Message<"entry">, "type" | "exchange">;

/** All of our own transfers through this hub, the oldest first, an entry for each receiver. */
export async function listTransfers(session: Session): Promise<TransferEntry[]> {
  const exchange = session.open();
  try {
    await exchange.send({ type: "status" });
    const entries: TransferEntry[] = [];
    while (true) {
      const message = await exchange.receive();
      if (message.type === "listed") return entries;
      if (message.type === "refuse") throw new P2pError("refused", message.reason);
      if (message.type !== "entry") {
        throw new P2pError("protocol", `"${message.type}" in a list of transfers`);
      }
      entries.push(message);
    }
  } finally {
    exchange.end();
  }
}
