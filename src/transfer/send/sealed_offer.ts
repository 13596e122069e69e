import { fromHex, toBase64url, utf8 } from "../../bytes.ts";
import { type Batch, OFFER_FIELDS } from "../../protocol/messages.ts";
import { fieldsOf } from "../../protocol/schema.ts";
import { PURPOSE, sealEnvelope } from "../../secure/envelope.ts";
import type { IdentityKeys, PublicKeys } from "../../secure/identity_keys.ts";
import type { Source } from "../source/source.ts";

/** The secret of a relayed transfer, the same in every run of it, and when it was made. */
export interface RelayKey {
  /** The transfer key: 32 random bytes. */
  key: Uint8Array;
  /** In milliseconds since 1970, by the hub's clock. */
  created: number;
}

/**
 * The offer of `source`, sealed for the owner of the keys `receiver`, as base64url (SPEC.md §17).
 */
export async function sealOffer(
  source: Source,
  { transfer, batch, keyPair, receiver, sha256, relayKey: { key, created } }: {
    transfer: string;
    batch: Batch | undefined;
    keyPair: IdentityKeys;
    receiver: PublicKeys;
    /** Of the content, where the receiver had that under this name before; else null. */
    sha256: string | null;
    relayKey: RelayKey;
  },
): Promise<string> {
  const fields = { ...fieldsOf(OFFER_FIELDS, source), ...batch && { batch } };
  const offer = { ...fields, key: toBase64url(key), sha256, created };
  const sealed = await sealEnvelope(utf8(JSON.stringify(offer)), {
    purpose: PURPOSE.offer,
    transferId: fromHex(transfer),
    sender: keyPair,
    receiver,
  });
  return toBase64url(sealed);
}
