import { decodeKey } from "../secure/static_key.ts";
import type { OutcomeCode } from "../protocol/messages.ts";
import type { IdentityKeys } from "../secure/identity_keys.ts";
import { openAnswer } from "../transfer/answer.ts";
import type { TransferEntry } from "./own_transfers.ts";
import type { SentTransfer } from "../home/sent.ts";

/**
 * The state of a transfer for one recipient, as far as it is proved; `reason` where it did not get
 * there.
 */
export interface DeliveryStatus {
  state:
    | "delivered"
    | "waiting"
    | "running"
    | "interrupted"
    | "refused"
    | "expired"
    | "withdrawn"
    | "unproved";
  reason?: string;
  /** The name that it has there. */
  savedAs?: string;
}

/**
 * Reads a hub's entry; what it claims for the recipient is checked against the key that it was sent
 * to.
 */
export async function deliveryStatusOf(
  { transfer, to, code, sealed }: TransferEntry,
  { sent, keyPair }: { sent: SentTransfer | undefined; keyPair: IdentityKeys },
): Promise<DeliveryStatus> {
  if (code === "interrupted") {
    return { state: code, reason: "its sender was cut off; send it again to go on" };
  }
  if (code === "waiting" || code === "running") return { state: code };
  if (code === "expired") return { state: code, reason: "it was not fetched in time" };
  if (code === "withdrawn") return { state: code, reason: "you have taken it back" };
  const key = sent?.recipients.find(({ name }) => name === to)?.key;
  if (key === undefined) return unproved(code, "it was sent from another home");
  try {
    const about = { transfer, keyPair, key: decodeKey(key) };
    const { receipt, reason } = await openAnswer({ code, sealed }, about);
    if (receipt === undefined) return { state: "refused", reason };
    return { state: "delivered", savedAs: receipt.savedAs };
  } catch (error) {
    return unproved(code, (error as Error).message);
  }
}

function unproved(code: OutcomeCode, why: string): DeliveryStatus {
  return { state: "unproved", reason: `"${code}", says the hub: ${why}` };
}
