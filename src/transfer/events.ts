import type { Kind, Receipt } from "../protocol/messages.ts";

/**
 * An event of a running transfer; fields as in the list of events of docs/reference.md, `time` is
 * added where it is printed.
 */
export type TransferEvent =
  | {
    event: "offered";
    transfer: string;
    from: string;
    name: string;
    kind: Kind;
    bytes: number | null;
  }
  | Received
  | AlreadyHere
  | Delivered
  | Refused
  | { event: "progress"; transfer: string; name: string; bytes: number; total: number | null }
  | Stalled
  | Interrupted;

/** An offer was turned down here. */
export interface Refused {
  event: "refused";
  transfer: string;
  from: string;
  name: string;
  reason: string;
  /** True where the person here has said no. */
  declined?: true;
}

/** Nothing has moved for so long although the other side has something to do. */
export interface Stalled {
  event: "stalled";
  /** Absent, as the name, where the hub does not answer who connects. */
  transfer?: string;
  name?: string;
  seconds: number;
  /** What is waited for, in words. */
  waitsFor: string;
}

/** A transfer is on disk here, checked, under its final name. Times in milliseconds. */
export interface Received extends Omit<Receipt, "savedAs"> {
  event: "received";
  transfer: string;
  from: string;
  name: string;
  kind: Kind;
  /** Its path, absolute. */
  path: string;
  /** From offer to accept. */
  latency: number;
  /** From accept to the final name. */
  duration: number;
  /** The number of files of a folder. */
  files?: number;
  /** True for a message typed by a person. */
  text?: true;
  /** The first entries of a folder that have another name here: as it was sent, and as it is. */
  renamedEntries?: readonly { name: string; savedAs: string }[];
}

/** Content that is offered again, and is here as it came before: nothing was moved or made. */
export interface AlreadyHere {
  event: "already";
  transfer: string;
  from: string;
  name: string;
  bytes: number;
  sha256: string;
  /** Its path, absolute. */
  path: string;
}

/** The receiver has a transfer on disk, checked, under its final name. Times in milliseconds. */
export interface Delivered extends Receipt {
  event: "delivered";
  transfer: string;
  to: string;
  name: string;
  /** From offer to answer. */
  latency: number;
  /** From answer to receipt. */
  duration: number;
  files?: number;
  /** True where the receiver had it already and nothing was moved. */
  already?: true;
}

/** The hub keeps a transfer for a person who is away. */
export interface Stored {
  event: "stored";
  transfer: string;
  to: string;
  name: string;
  bytes: number;
  /** ISO 8601. */
  until: string;
}

/** A transfer on its way in has stopped before its end; the part stays for when it goes on. */
export interface Interrupted {
  event: "interrupted";
  transfer: string;
  from: string;
  name: string;
  bytes: number;
  reason: string;
}

/** A transfer to this machine is over for good. */
type End = Extract<TransferEvent, { event: "received" | "already" | "refused" }>;

/** True for what ends a transfer to this machine for good; an interruption does not. */
export function isEnd(event: TransferEvent): event is End {
  return ["received", "already", "refused"].includes(event.event);
}

/** Takes the events of a transfer. */
export type Report = (event: TransferEvent) => void;

/** Milliseconds as events have them: to a tenth. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
