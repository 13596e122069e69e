import type { Outcome } from "./spool/spool_record.ts";
import type { SpooledTransfer } from "./spool/spooled_transfer.ts";

/** An event of the people that a hub serves; `time` is added where it is printed. */
export type HubEvent =
  | { event: "joined" | "left"; peer: string; key: Uint8Array }
  | Relayed
  | { event: "refused"; transfer: string; from: string; to: string; name: ""; reason: string };

/** The state of a transfer for one recipient; its name is sealed. */
interface Relayed {
  event: "relayed";
  transfer: string;
  from: string;
  to: string;
  bytes: number | null;
  state: "delivered" | "stored" | "expired" | "withdrawn";
}

/** The event of an outcome. */
export function outcomeEvent(transfer: SpooledTransfer, { to, code }: Outcome): HubEvent {
  if (code === "delivered" || code === "expired" || code === "withdrawn") {
    return relayed(transfer, { to, state: code });
  }
  const { transfer: transferId, from } = transfer.relay;
  return { event: "refused", transfer: transferId, from: from.name, to, name: "", reason: code };
}

/** The event of a transfer that has got somewhere. */
export function relayed(
  { relay: { transfer: transferId, from, size } }: SpooledTransfer,
  { to, state }: Pick<Relayed, "to" | "state">,
): Relayed {
  return { event: "relayed", transfer: transferId, from: from.name, to, bytes: size, state };
}
