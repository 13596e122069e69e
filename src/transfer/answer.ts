import { sameKey } from "../secure/static_key.ts";
import { fromBase64url, fromHex, toBase64url, utf8 } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import {
  decodeJson,
  MAX_REASON_LENGTH,
  type OutcomeCode,
  type Receipt,
  RECEIPT_FIELDS,
} from "../protocol/messages.ts";
import { boolean, object, optional, text } from "../protocol/schema.ts";
import { openEnvelope, PURPOSE, sealEnvelope } from "../secure/envelope.ts";
import type { IdentityKeys, PublicKeys } from "../secure/identity_keys.ts";

const receipt = object({ ...RECEIPT_FIELDS, already: optional(boolean, false) });
const refusal = object({ reason: text(MAX_REASON_LENGTH) });

/** The answer of one recipient: its receipt, or the reason for which the transfer was not taken. */
export type Answer =
  /** `already` where nothing came, because it was there. */
  | { receipt: Receipt; already: boolean; reason?: undefined }
  | { reason: string; receipt?: undefined; already?: undefined };

/**
 * Seals the answer of a receiver, as base64url, so that only the sender can read it (SPEC.md §17).
 */
export async function sealAnswer(
  payload: object,
  { keyPair, to, transfer }: { keyPair: IdentityKeys; to: PublicKeys; transfer: string },
): Promise<string> {
  const sealed = await sealEnvelope(utf8(JSON.stringify(payload)), {
    purpose: PURPOSE.answer,
    transferId: fromHex(transfer),
    sender: keyPair,
    receiver: to,
  });
  return toBase64url(sealed);
}

/**
 * Opens what a hub passes on for the owner of `key`. A delivery must be proved by that person's own
 * answer: what a hub makes up throws `P2pError` "refused".
 */
export async function openAnswer(
  { code, sealed }: { code: OutcomeCode; sealed: string | null },
  { transfer, keyPair, key }: { transfer: string; keyPair: IdentityKeys; key: Uint8Array },
): Promise<Answer> {
  if (sealed === null && code !== "delivered") return { reason: IN_WORDS[code] ?? code };
  try {
    const opened = await openEnvelope(fromBase64url(sealed ?? ""), {
      purpose: PURPOSE.answer,
      transferId: fromHex(transfer),
      receiver: keyPair,
    });
    if (!sameKey(opened.sender.id, key)) throw new Error("another key answers");
    const payload = decodeJson(opened.payload, opened.payload.length);
    if (code !== "delivered") return refusal(payload, "");
    const { already, ...given } = receipt(payload, "");
    return { receipt: given, already };
  } catch (cause) {
    const message = `the hub says "${code}", and cannot prove that by an answer of that person`;
    throw new P2pError("refused", message, { cause });
  }
}

/** Codes that the hub gives of its own accord. */
const IN_WORDS: Partial<Record<OutcomeCode, string>> = {
  expired: "it was not fetched in time",
  withdrawn: "you have taken it back",
  corrupt: "what the hub brought could not be opened there",
  damaged: "the hub has lost a part of it",
  changed: "it changed while it was sent",
  quota: "there was no room for all of it at the hub",
};
