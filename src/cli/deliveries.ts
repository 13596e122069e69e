import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message } from "../protocol/messages.ts";
import type { Identity } from "../secure/identity.ts";
import { checkPerson, findPerson } from "../secure/known_people.ts";
import type { AnsweredTransfers } from "../transfer/answered_transfers.ts";
import { openDelivery } from "../transfer/delivery.ts";
import type { Receiver } from "../transfer/receive.ts";
import { sealedReplies } from "../transfer/replies.ts";
import type { Output } from "./output.ts";

/** Who takes what hubs bring. */
export interface DeliveriesOptions {
  identity: Identity;
  home: string;
  receiver: Receiver;
  answered: AnsweredTransfers;
  /** Take only from people in `p2p trust`. */
  onlyKnown: boolean;
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
    const { transfer, from: name } = delivery;
    let opened;
    try {
      opened = openDelivery(delivery, keyPair);
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
    try {
      await this.#check({ hub, name, key: senderKey });
    } catch (error) {
      this.#report(delivery, error);
      return await answer(exchange, () => replies.refuse("person", (error as Error).message));
    }
    receiver.receive(exchange, { offer, from: { key: senderKey, name }, replies });
  }

  async #check(person: { hub: string; name: string; key: Uint8Array }) {
    const { home, onlyKnown } = this.#options;
    await checkPerson(home, person);
    if (onlyKnown && await findPerson(home, person.key) === undefined) {
      throw new P2pError("refused", "only known people are accepted");
    }
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
