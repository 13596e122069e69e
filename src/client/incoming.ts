import { fromBase64url, fromHex } from "../bytes.ts";
import { sameKey } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import {
  decodeJson,
  type Message,
  type Offer,
  type RefuseCode,
  sealedOffer,
} from "../protocol/messages.ts";
import { openEnvelope, PURPOSE } from "../secure/envelope.ts";
import type { IdentityKeys, PublicKeys } from "../secure/identity_keys.ts";
import { checkPerson, findPerson } from "../home/known_people.ts";
import type { AnsweredTransfers } from "../home/answered.ts";
import { PublishOrder } from "../transfer/receive/publish_order.ts";
import type { Receiver } from "../transfer/receive/receiver.ts";
import { checkEnvelopeAge } from "../transfer/receive/envelope_age.ts";
import { sealedReplies } from "../transfer/receive/replies.ts";
import type { HubClient } from "./hub_client.ts";
import type { Introduction } from "./pairing.ts";

/** The receiver of deliveries, and the people they are taken from. */
export interface DeliveriesOptions {
  receiver: Receiver;
  answered: AnsweredTransfers;
  /** Take only from people in `p2p trust`. */
  onlyKnown: boolean;
  /** The one person that a code has brought, where a code decides; undefined before. */
  byCode?: () => Introduction | undefined;
  /** The time of day, in milliseconds since 1970; the system's by default. */
  now?: () => number;
}

/**
 * Takes what a hub brings from people; an envelope that is not what it claims to be is refused
 * (SPEC.md §17).
 */
export class Deliveries {
  readonly #client: HubClient;
  readonly #options: DeliveriesOptions;
  readonly #order = new PublishOrder();

  constructor(client: HubClient, options: DeliveriesOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Takes one delivery of the hub with that fingerprint. Never throws. */
  async take(exchange: Exchange, delivery: Message<"delivery">, hub: string): Promise<void> {
    const { keyPair } = this.#client.identity;
    const { receiver, answered, now = Date.now } = this.#options;
    const { transfer } = delivery;
    const turn = this.#order.enter(delivery.from);
    let opened;
    try {
      opened = await openDelivery(delivery, keyPair);
    } catch (error) {
      turn[Symbol.dispose]();
      // It is not known who has sealed it, so the reason cannot be sealed for them.
      this.#report(delivery, error);
      return await answer(
        exchange,
        () => exchange.send({ type: "answer", code: "corrupt", sealed: null }),
      );
    }
    const { offer, created, sender } = opened;
    const replies = sealedReplies(exchange, { keyPair, to: sender, transfer, answered });
    let refusal: RefuseCode = "declined";
    try {
      if (!replies.wasAnswered()) checkEnvelopeAge(created, now());
      refusal = "person";
      const name = await this.#nameOf({ hub, name: delivery.from, key: sender.id });
      receiver.receive(exchange, { offer, from: { key: sender.id, name }, replies, turn });
    } catch (error) {
      turn[Symbol.dispose]();
      this.#report(delivery, error);
      await answer(exchange, () => replies.refuse(refusal, (error as Error).message));
    }
  }

  /** The name of a person whose files are taken. "refused" for anybody else. */
  async #nameOf(person: { hub: string; name: string; key: Uint8Array }): Promise<string> {
    const { home } = this.#client;
    const { onlyKnown, byCode } = this.#options;
    const met = byCode?.();
    if (byCode !== undefined && (met === undefined || !sameKey(met.keys.id, person.key))) {
      throw new P2pError("refused", "only who shares the code may send here");
    }
    if (onlyKnown && await findPerson(home, person.key) === undefined) {
      throw new P2pError("refused", "only known people are accepted");
    }
    // Last: it remembers who is new, and nobody is remembered for having been refused.
    if (byCode === undefined) await checkPerson(home, person);
    return met?.name ?? person.name;
  }

  #report({ transfer, from }: Message<"delivery">, error: unknown) {
    const reason = (error as Error).message;
    this.#client.emit({ type: "refused", transferId: transfer, from, reason });
  }
}

/** Gives an answer, and waits until the hub says that it has it. */
async function answer(exchange: Exchange, give: () => Promise<void>) {
  await give().then(() => exchange.receive()).catch(() => {});
  exchange.end();
}

/** An offer that came through a hub, and who made it. */
interface OpenedDelivery {
  offer: Offer;
  /** The time at which its envelope was made, in milliseconds since 1970. */
  created: number;
  sender: PublicKeys;
}

/**
 * Opens the envelope of a delivery (SPEC.md §17). "protocol" where it is not for us, not for this
 * transfer, or changed.
 */
async function openDelivery(
  { sealed, transfer, exchange }: Message<"delivery">,
  keyPair: IdentityKeys,
): Promise<OpenedDelivery> {
  const { payload, sender } = await openEnvelope(fromBase64url(sealed), {
    purpose: PURPOSE.offer,
    transferId: fromHex(transfer),
    receiver: keyPair,
  });
  const { created, ...offer } = sealedOffer(decodeJson(payload, payload.length), "");
  return { offer: { type: "offer", exchange, transfer, ahead: false, ...offer }, created, sender };
}
