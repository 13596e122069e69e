import type { Outcome } from "./spool/spool_record.ts";
import type { SpooledTransfer } from "./spool/spooled_transfer.ts";

/** What a hub tells of the people it serves; `time` is added where it is printed. */
export type HubEvent =
  | { event: "joined" | "left"; peer: string; key: Uint8Array }
  | Relayed
  | { event: "refused"; transfer: string; from: string; to: string; name: ""; reason: string };

/** What became of a transfer for one receiver; its name is sealed. */
interface Relayed {
  event: "relayed";
  transfer: string;
  from: string;
  to: string;
  bytes: number | null;
  state: "delivered" | "stored" | "expired";
}

/** The event of an outcome. */
export function outcomeEvent(transfer: SpooledTransfer, { to, code }: Outcome): HubEvent {
  if (code === "delivered" || code === "expired") return relayed(transfer, { to, state: code });
  const { transfer: id, from } = transfer.relay;
  return { event: "refused", transfer: id, from: from.name, to, name: "", reason: code };
}

/** The event of a transfer that has got somewhere. */
export function relayed(
  { relay: { transfer, from, size } }: SpooledTransfer,
  { to, state }: Pick<Relayed, "to" | "state">,
): Relayed {
  return { event: "relayed", transfer, from: from.name, to, bytes: size, state };
}
