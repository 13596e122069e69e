import type { Exchange } from "../protocol/exchange.ts";
import {
  type CancelCode,
  MAX_REASON_LENGTH,
  type OutcomeCode,
  type Receipt,
  RECEIPT_FIELDS,
  type RefuseCode,
} from "../protocol/messages.ts";
import { fieldsOf } from "../protocol/schema.ts";
import type { IdentityKeys, PublicKeys } from "../secure/identity_keys.ts";
import { sealAnswer } from "./answer.ts";
import type { AnsweredTransfers } from "../home/answered.ts";

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
  /** Through a hub, which may bring a transfer again after its end. */
  relayed?: {
    /** Whether it was answered for good already. */
    readonly isAnswered: boolean;
    /** Says again what was answered. */
    answerAgain(): Promise<void>;
    /** Whether a `cancel` of that code is an answer for good. */
    isFinal(code: CancelCode): boolean;
    /** Resolves when the answer is on disk: then the transfer may be forgotten. */
    remembered(): Promise<void>;
  };
}

/** Answers over the channel to the sender itself (SPEC.md §8). */
export function directReplies(exchange: Exchange): Replies {
  return {
    refuse: (code, reason) => exchange.send({ type: "refuse", code, reason: shortened(reason) }),
    receipt: (receipt) => exchange.send({ type: "receipt", ...fieldsOf(RECEIPT_FIELDS, receipt) }),
    exists: (sha256) => exchange.send({ type: "exists", sha256 }),
    cancel: (code, reason) => exchange.send({ type: "cancel", code, reason: shortened(reason) }),
  };
}

/** What may be otherwise at the next try: the hub keeps the transfer for it. */
const TRANSIENT: readonly CancelCode[] = ["space", "disk", "busy", "interrupted"];

/** Whom sealed replies go to, and what was answered before. */
export interface SealedRepliesOptions {
  keyPair: IdentityKeys;
  /** Who sends, and is answered. */
  to: PublicKeys;
  transfer: string;
  answered: AnsweredTransfers;
}

/** Answers through the hub, in envelopes that only the sender can open (SPEC.md §16, §17). */
export function sealedReplies(exchange: Exchange, options: SealedRepliesOptions): Replies {
  const { answered, ...about } = options;
  const { to: { id: senderKey }, transfer } = options;
  const send = async ({ code, payload }: { code: OutcomeCode; payload: object }) =>
    exchange.send({ type: "answer", code, sealed: await sealAnswer(payload, about) });
  const answer = async (code: OutcomeCode, payload: object) => {
    // An answer that cannot be noted is given all the same: the part knows it too.
    await answered.add({ senderKey, transfer }, { code, payload }).catch(() => {});
    await send({ code, payload });
  };
  const no = (code: CancelCode, reason: string) =>
    TRANSIENT.includes(code)
      ? exchange.send({ type: "cancel", code, reason: "it cannot be taken at the moment" })
      : answer(code, { reason: shortened(reason) });
  return {
    refuse: no,
    receipt: (receipt) => answer("delivered", fieldsOf(RECEIPT_FIELDS, receipt)),
    cancel: no,
    relayed: {
      get isAnswered() {
        return answered.find({ senderKey, transfer }) !== undefined;
      },
      answerAgain: () => send(answered.find({ senderKey, transfer })!),
      isFinal: (code) => !TRANSIENT.includes(code),
      remembered: () => answered.sync(),
    },
  };
}

function shortened(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH);
}
