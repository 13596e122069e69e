import type { P2pError } from "../errors.ts";
import type { Code } from "../secure/code.ts";
import type { Delivered, Stalled, Stored, TransferEvent } from "../transfer/events.ts";
import type { LeftOut, MissingFile } from "../transfer/source/source.ts";
import type { Pinned } from "./hub_check.ts";
import type { RenamedEntry } from "../storage/archive/local_tree.ts";
import type { Item } from "./items.ts";

/** A change on a person's side of a hub, for those who show it. */
export type ClientEvent =
  /**
   * The hub's key was remembered without a question: on loopback, because the hub knows the secret,
   * or because it was known at another address.
   */
  | { type: "pinned" } & Pinned
  /** A session with the hub has begun; its name and fingerprint. */
  | { type: "connected"; name: string; fingerprint: string }
  /** The hub has taken us. */
  | { type: "joined" } & Joined
  /** The connection was lost, or there was none yet; it is tried again after a pause. */
  | { type: "lost"; while: "joined" | "sending" | "connecting"; error: P2pError; pauseMs: number }
  /** Another person has come or gone. */
  | { type: "person"; name: string; key: Uint8Array; state: "joined" | "left" }
  /** A delivery was turned down before its offer could be judged. */
  | { type: "refused"; transferId: string; from: string; reason: string }
  /** A code was made for the other side to type. */
  | { type: "code"; code: Code; untilMs: number; otherSide: "send" | "receive" }
  /** The other side of a code is there, and has typed it or made it. */
  | { type: "met"; name: string; key: Uint8Array; hasTyped: boolean }
  /** The receiver that a code has brought was cut off, and may come back. */
  | { type: "cut-off"; name: string }
  /** The hub keeps something for somebody who is away, and is waited for. */
  | { type: "waiting"; stored: Stored }
  | { type: "progress"; progress: Progress }
  /** Nothing moves, in a transfer or while connecting. */
  | { type: "stalled"; stall: Stalled }
  | { type: "outcome"; outcome: ItemOutcome };

/** Being joined to a hub. */
export interface Joined {
  /** The hub's name. */
  hub: string;
  /** The name that we are joined under. */
  you: string;
  /** False where that is ours until we leave. */
  isKept: boolean;
  /** The number of others who are joined. */
  others: number;
  /** Our other names there, and how many transfers wait for each. */
  names: { name: string; waiting: number }[];
}

/** Bytes of a transfer that have been sent. */
export type Progress = Extract<TransferEvent, { event: "progress" }>;

/** The end of an item for the hub or for one person: delivered, stored, or an error. */
export interface ItemOutcome {
  item: Item;
  /** Absent where it was not even begun. */
  transferId?: string | undefined;
  /** The person that it is about, where it went to people. */
  to?: string;
  delivered?: Delivered;
  stored?: Stored;
  error?: P2pError;
  /** Entries of a folder that were left out from the start. */
  leftOut?: readonly LeftOut[];
  /** Entries of a folder that went under another name than they have here. */
  renamed?: readonly RenamedEntry[] | undefined;
  /** Files of a folder that are not at the receiver: something has happened to them meanwhile. */
  missing?: readonly MissingFile[];
}
