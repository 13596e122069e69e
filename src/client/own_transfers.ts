import { P2pError } from "../errors.ts";
import type { Message } from "../protocol/messages.ts";
import type { Session } from "../protocol/session.ts";
import type { Connected } from "./connect.ts";

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

/**
 * Takes one of our own transfers back (SPEC.md §18), from the person called `to` or from all who
 * have no outcome yet; gives their names. "refused" where the hub cannot or will not.
 */
export async function withdraw(
  { session, name, features }: Connected,
  { transfer, to }: { transfer: string; to?: string | undefined },
): Promise<string[]> {
  if (!features.includes("withdraw")) {
    throw new P2pError("refused", `"${name}" is an older hub, which takes nothing back`);
  }
  const exchange = session.open();
  try {
    await exchange.send({ type: "withdraw", transfer, to: to ?? null });
    const names: string[] = [];
    while (true) {
      const message = await exchange.receive();
      if (message.type === "listed") return names;
      if (message.type === "refuse" || message.type === "cancel") {
        throw new P2pError("refused", `cannot take it back: ${message.reason}`);
      }
      if (message.type !== "outcome") {
        throw new P2pError("protocol", `"${message.type}" in an answer to a withdrawal`);
      }
      names.push(message.to);
    }
  } finally {
    exchange.end();
  }
}
