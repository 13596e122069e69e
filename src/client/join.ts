import { fromBase64url, fromHex } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { decodeJson, type Message, type Offer, sealedOffer } from "../protocol/messages.ts";
import { openEnvelope, PURPOSE } from "../secure/envelope.ts";
import type { KeyPair } from "../secure/x25519.ts";

/** An offer that came through a hub, and the static key that made it. */
export interface OpenedDelivery {
  offer: Offer;
  senderKey: Uint8Array;
}

/** Opens the envelope of a delivery (SPEC.md §17). "protocol" where it is not for us, not for this transfer, or changed. */
export async function openDelivery(
  { sealed, transfer, exchange }: Message<"delivery">,
  keyPair: KeyPair,
): Promise<OpenedDelivery> {
  const { payload, senderKey } = await openEnvelope(fromBase64url(sealed), {
    purpose: PURPOSE.offer,
    transferId: fromHex(transfer),
    receiver: keyPair,
  });
  const offer = sealedOffer(decodeJson(payload, payload.length), "");
  return { offer: { type: "offer", exchange, transfer, ...offer }, senderKey };
}

/** Joins under the session's name (SPEC.md §15); gives the exchange on which the hub tells who comes and goes. */
export async function joinHub(exchange: Exchange): Promise<{ people: number }> {
  await exchange.send({ type: "join" });
  const answer = await exchange.receive();
  if (answer.type === "joined") return answer;
  if (answer.type === "refuse" || answer.type === "cancel") {
    throw new P2pError("refused", `cannot join: ${answer.reason}`);
  }
  throw new P2pError("protocol", `"${answer.type}" is no answer to a join`);
}
