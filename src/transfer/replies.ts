import { Buffer } from "node:buffer";
import type { Exchange } from "../protocol/exchange.ts";
import {
  type CancelCode,
  MAX_REASON_LENGTH,
  type OutcomeCode,
  type RefuseCode,
} from "../protocol/messages.ts";
import { PURPOSE, sealEnvelope } from "../secure/envelope.ts";
import type { KeyPair } from "../secure/x25519.ts";

/** What a receipt says (SPEC.md §7). */
export interface Receipt {
  savedAs: string;
  sha256: string;
  bytes: number;
  resumedAt: number;
}

/** How a receiver answers a sender: in the open of their channel, or through a hub that must not read it. */
export interface Replies {
  /** The transfer is not taken. */
  refuse(code: RefuseCode, reason: string): Promise<void>;
  /** It is on disk under its final name. */
  receipt(receipt: Receipt): Promise<void>;
  /** A file of this name and size is here, with that digest; only where the sender can compare (SPEC.md §8). */
  exists?(sha256: string): Promise<void>;
  /** It was begun and has failed. */
  cancel(code: CancelCode, reason: string): Promise<void>;
}

/** Answers over the channel to the sender itself (SPEC.md §8). */
export function directReplies(exchange: Exchange): Replies {
  return {
    refuse: (code, reason) => exchange.send({ type: "refuse", code, reason: shortened(reason) }),
    receipt: ({ savedAs, sha256, bytes, resumedAt }) =>
      exchange.send({ type: "receipt", savedAs, sha256, bytes, resumedAt }),
    exists: (sha256) => exchange.send({ type: "exists", sha256 }),
    cancel: (code, reason) => exchange.send({ type: "cancel", code, reason: shortened(reason) }),
  };
}

/** What may be otherwise at the next try: the hub keeps the transfer for it. */
const TRANSIENT: readonly CancelCode[] = ["space", "disk", "busy", "interrupted"];

/** Answers through the hub, in envelopes that only the sender can open (SPEC.md §16, §17). */
export function sealedReplies(
  exchange: Exchange,
  { keyPair, senderKey, transfer }: { keyPair: KeyPair; senderKey: Uint8Array; transfer: string },
): Replies {
  const answer = (code: OutcomeCode, payload: object) => {
    const sealed = sealEnvelope(new TextEncoder().encode(JSON.stringify(payload)), {
      purpose: PURPOSE.answer,
      transferId: Buffer.from(transfer, "hex"),
      sender: keyPair,
      receiverKey: senderKey,
    });
    return exchange.send({
      type: "answer",
      code,
      sealed: Buffer.from(sealed).toString("base64url"),
    });
  };
  const no = (code: CancelCode, reason: string) =>
    TRANSIENT.includes(code)
      ? exchange.send({ type: "cancel", code, reason: "it cannot be taken at the moment" })
      : answer(code, { reason: shortened(reason) });
  return {
    refuse: no,
    receipt: ({ savedAs, sha256, bytes, resumedAt }) =>
      answer("delivered", { savedAs, sha256, bytes, resumedAt }),
    cancel: no,
  };
}

function shortened(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH);
}
