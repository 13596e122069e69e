import type { Address } from "../transport/address.ts";
import type { Message } from "./messages.ts";
import type { WaitsFor } from "./wait.ts";

/** A session as it is shown to people who look why nothing happens. Times in milliseconds. */
export interface SessionState {
  /** Counts the sessions of this process. */
  number: number;
  remoteAddress: Address;
  /** The name of the peer, as far as it is known. */
  peer: string | undefined;
  openMs: number;
  /** Since the last word of the peer. */
  silentMs: number;
  exchanges: ExchangeState[];
}

/** An exchange of a {@link SessionState}. */
export interface ExchangeState {
  number: number;
  /** The type of its first message. */
  topic: Message["type"] | undefined;
  /** Bytes that were sent and not granted again yet. */
  inFlight: number;
  /** Undefined where it waits for nothing of the session. */
  waitsFor: WaitsFor | undefined;
  waitMs: number | undefined;
}
