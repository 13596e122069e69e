import { fromHex, toBase64url, utf8 } from "../../bytes.ts";
import { OFFER_FIELDS } from "../../protocol/messages.ts";
import { fieldsOf } from "../../protocol/schema.ts";
import { PURPOSE, sealEnvelope } from "../../secure/envelope.ts";
import { hkdf } from "../../secure/hkdf.ts";
import type { IdentityKeys, PublicKeys } from "../../secure/identity_keys.ts";
import type { Source } from "../source/source.ts";

/** The transfer key of a relay: the same in every run, without being kept anywhere. */
export function relayKey({ dhPair: { privateKey } }: IdentityKeys, transfer: string): Uint8Array {
  return hkdf(privateKey, { salt: fromHex(transfer), info: utf8("p2p/1 relay key") });
}

/**
 * The offer of `source`, sealed for the owner of the keys `receiver`, as base64url (SPEC.md §17).
 */
export async function sealOffer(
  source: Source,
  { transfer, keyPair, receiver }: {
    transfer: string;
    keyPair: IdentityKeys;
    receiver: PublicKeys;
  },
): Promise<string> {
  const key = toBase64url(relayKey(keyPair, transfer));
  const offer = { ...fieldsOf(OFFER_FIELDS, source), key };
  const sealed = await sealEnvelope(utf8(JSON.stringify(offer)), {
    purpose: PURPOSE.offer,
    transferId: fromHex(transfer),
    sender: keyPair,
    receiver,
  });
  return toBase64url(sealed);
}
