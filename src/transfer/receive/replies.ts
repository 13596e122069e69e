import type { Exchange } from "../../protocol/exchange.ts";
import {
  type CancelCode,
  MAX_REASON_LENGTH,
  type OutcomeCode,
  type Receipt,
  RECEIPT_FIELDS,
  type RefuseCode,
} from "../../protocol/messages.ts";
import { fieldsOf } from "../../protocol/schema.ts";
import type { IdentityKeys, PublicKeys } from "../../secure/identity_keys.ts";
import { sealAnswer } from "../answer.ts";

/**
 * The answers of a receiver to a sender: in the open of their channel, or through a hub that must
 * not read them and may bring a transfer again after its end.
 */
export interface Replies {
  /** Says that the transfer is not taken. */
  refuse(code: RefuseCode, reason: string): Promise<void>;
  /** Says that it is on disk under its final name. */
  receipt(receipt: Receipt): Promise<void>;
  /** Says that this very content is here already (SPEC.md §8). */
  already(receipt: Receipt): Promise<void>;
  /** Says that it was begun and has failed. */
  cancel(code: CancelCode, reason: string): Promise<void>;
  /** True where it was answered for good before. */
  wasAnswered(): boolean;
  /** Says again what was answered for good. */
  answerAgain(): Promise<void>;
  /** True where a `cancel` of that code is an answer for good. */
  isFinal(code: CancelCode): boolean;
  /**
   * Resolves to true where the transfer may be forgotten: its answer is on disk, or with the
   * sender.
   */
  isRemembered(): Promise<boolean>;
}

/** One transfer of one sender. */
export interface TransferOf {
  senderKey: Uint8Array;
  /** 32 hex digits. */
  transfer: string;
}

/** An answer that was given through a hub: what a repeated delivery gets again. */
export interface GivenAnswer {
  code: OutcomeCode;
  /** The content of the envelope for the sender. */
  payload: object;
}

/** A log of the answers that were given for good through hubs. */
export interface AnswerLog {
  /** The answer to a transfer; undefined where there was none. */
  find(transfer: TransferOf): GivenAnswer | undefined;
  /** Notes an answer, at once for {@link find}. */
  add(transfer: TransferOf, answer: GivenAnswer): Promise<void>;
  /** Resolves when all that was noted is on disk. */
  sync(): Promise<void>;
}

/**
 * Answers over the channel to the sender itself (SPEC.md §8); the sender asks again by its offer.
 */
export function directReplies(exchange: Exchange): Replies {
  return {
    refuse: (code, reason) => exchange.send({ type: "refuse", code, reason: shortened(reason) }),
    receipt: (receipt) => exchange.send({ type: "receipt", ...fieldsOf(RECEIPT_FIELDS, receipt) }),
    already: ({ savedAs, sha256, bytes }) =>
      exchange.send({ type: "already", savedAs, sha256, bytes }),
    cancel: (code, reason) => exchange.send({ type: "cancel", code, reason: shortened(reason) }),
    wasAnswered: () => false,
    answerAgain: () => Promise.resolve(),
    isFinal: () => false,
    isRemembered: () => Promise.resolve(true),
  };
}

/** Codes that may be otherwise at the next try: the hub keeps the transfer for it. */
const TRANSIENT: readonly CancelCode[] = ["space", "disk", "busy", "interrupted"];

/** The way to a sender beyond a hub, and the log of what it was answered. */
export interface SealedRepliesOptions {
  keyPair: IdentityKeys;
  /** The keys of the sender. */
  to: PublicKeys;
  transfer: string;
  answered: AnswerLog;
}

/** Answers through the hub, in envelopes that only the sender can open (SPEC.md §16, §17). */
export function sealedReplies(exchange: Exchange, options: SealedRepliesOptions): Replies {
  const { answered, ...about } = options;
  const of = { senderKey: about.to.id, transfer: about.transfer };
  const send = async ({ code, payload }: GivenAnswer) =>
    exchange.send({ type: "answer", code, sealed: await sealAnswer(payload, about) });
  const answer = async (given: GivenAnswer) => {
    // An answer that cannot be noted is given all the same: the part knows it too.
    await answered.add(of, given).catch(() => {});
    await send(given);
  };
  const no = (code: CancelCode, reason: string) =>
    TRANSIENT.includes(code)
      ? exchange.send({ type: "cancel", code, reason: "it cannot be taken at the moment" })
      : answer({ code, payload: { reason: shortened(reason) } });
  return {
    refuse: no,
    receipt: (receipt) => answer({ code: "delivered", payload: fieldsOf(RECEIPT_FIELDS, receipt) }),
    already: (receipt) =>
      answer({
        code: "delivered",
        payload: { ...fieldsOf(RECEIPT_FIELDS, receipt), already: true },
      }),
    cancel: no,
    wasAnswered: () => answered.find(of) !== undefined,
    answerAgain: () => send(answered.find(of)!),
    isFinal: (code) => !TRANSIENT.includes(code),
    isRemembered: () => answered.sync().then(() => true, () => false),
  };
}

function shortened(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH);
}
