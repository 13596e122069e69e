import { utf8 } from "../../src/bytes.ts";
import { PURPOSE, sealEnvelope } from "../../src/secure/envelope.ts";
import { loadNobleMlKem } from "../../src/secure/ml_kem.ts";
import { keyPairFrom } from "../../src/secure/x25519.ts";
import { counting, countingKeys, fromHex, identityOf, type Vector } from "./vector.ts";

const OFFER =
  '{"name":"a.txt","kind":"file","size":3,"folder":false,"files":1,"modified":1700000000000,"executable":false,"text":false,"key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","created":1700000000000}';
const ANSWER = '{"reason":"no room"}';

/** The vectors of SPEC.md §17: one of each purpose. */
export async function envelopes(): Promise<Vector[]> {
  return await Promise.all([
    envelope({ name: "an offer", purpose: PURPOSE.offer, json: OFFER }),
    envelope({ name: "an answer", purpose: PURPOSE.answer, json: ANSWER }),
  ]);
}

async function envelope(
  { name, purpose, json }: { name: string; purpose: 1 | 2; json: string },
): Promise<Vector> {
  const keys = countingKeys(50 * purpose, {
    ...{ senderX25519: 32, senderKemSeed: 64, receiverX25519: 32, receiverKemSeed: 64 },
    ...{ e: 32, encapsulation: 32 },
  });
  const sender = { x25519: keys.senderX25519, kemSeed: keys.senderKemSeed };
  const receiver = { x25519: keys.receiverX25519, kemSeed: keys.receiverKemSeed };
  const transferId = counting(200, 16);
  const sealed = await sealEnvelope(utf8(json), {
    ...{ sender: await identityOf(sender), receiver: await identityOf(receiver) },
    ...{ purpose, transferId },
    randomness: {
      e: keyPairFrom(fromHex(keys.e)),
      kem: await loadNobleMlKem(fromHex(keys.encapsulation)),
    },
  });
  return {
    ...{ name, keys },
    in: { purpose, transfer: transferId.toHex(), json },
    out: { envelope: sealed.toHex() },
  };
}
