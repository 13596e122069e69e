/** What a hub tells of the people it serves; `time` is added where it is printed. */
export type HubEvent =
  | { event: "joined" | "left"; peer: string; key: Uint8Array }
  | {
    event: "relayed";
    transfer: string;
    from: string;
    to: string;
    bytes: number | null;
    state: "delivered" | "stored" | "expired" | "refused";
  };
