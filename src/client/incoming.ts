import { sameKey } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message } from "../protocol/messages.ts";
import type { Identity } from "../home/identity.ts";
import { checkPerson, findPerson } from "../home/known_people.ts";
import type { AnsweredTransfers } from "../home/answered.ts";
import { openDelivery } from "./join.ts";
import type { Receiver } from "../transfer/receive.ts";
import { sealedReplies } from "../transfer/replies.ts";
import type { Output } from "../cli/display/output.ts";

/** Who takes what hubs bring. */
export interface DeliveriesOptions {
  identity: Identity;
  home: string;
  receiver: Receiver;
  answered: AnsweredTransfers;
  /** Take only from people in `p2p trust`. */
  onlyKnown: boolean;
  /** Given where a code decides: take only from whom it has brought, undefined while that is nobody. */
  byCode?: () => { name: string; key: Uint8Array } | undefined;
  output: Output;
}

/** Takes what a hub brings from people; an envelope that is not what it claims to be is refused, and said (SPEC.md §17). */
export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Takes one delivery of the hub with that fingerprint. Never throws. */
  async take(exchange: Exchange, delivery: Message<"delivery">, hub: string): Promise<void> {
    const { identity: { keyPair }, receiver, answered } = this.#options;
    const { transfer } = delivery;
    let opened;
    try {
      opened = await openDelivery(delivery, keyPair);
    } catch (error) {
      // Nobody knows who has sealed it, so nobody can be told in confidence.
      this.#report(delivery, error);
      return await answer(
        exchange,
        () => exchange.send({ type: "answer", code: "corrupt", sealed: null }),
      );
    }
    const { offer, senderKey } = opened;
    const replies = sealedReplies(exchange, { keyPair, senderKey, transfer, answered });
    let name;
    try {
      name = await this.#nameOf({ hub, name: delivery.from, key: senderKey });
    } catch (error) {
      this.#report(delivery, error);
      return await answer(exchange, () => replies.refuse("person", (error as Error).message));
    }
    receiver.receive(exchange, { offer, from: { key: senderKey, name }, replies });
  }

  /** How somebody is called whose files are taken. "refused" for anybody else. */
  async #nameOf(person: { hub: string; name: string; key: Uint8Array }): Promise<string> {
    const { home, onlyKnown, byCode } = this.#options;
    if (byCode === undefined) await checkPerson(home, person);
    const met = byCode?.();
    if (byCode !== undefined && (met === undefined || !sameKey(met.key, person.key))) {
      throw new P2pError("refused", "only who shares the code may send here");
    }
    if (onlyKnown && await findPerson(home, person.key) === undefined) {
      throw new P2pError("refused", "only known people are accepted");
    }
    return met?.name ?? person.name;
  }

  #report({ transfer, from }: Message<"delivery">, error: unknown) {
    const { output } = this.#options;
    const reason = (error as Error).message;
    output.event({ event: "refused", transfer, from, name: "", reason });
    output.warning(`refused what the hub brought from "${from}": ${reason}`);
  }
}

/** Gives an answer, and waits for the hub's word that it has it. */
async function answer(exchange: Exchange, give: () => Promise<void>) {
  await give().then(() => exchange.receive()).catch(() => {});
  exchange.end();
}
