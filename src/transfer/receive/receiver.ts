import type { Exchange } from "../../protocol/exchange.ts";
import type { Offer } from "../../protocol/messages.ts";
import type { Sender } from "./acceptance.ts";
import type { Turn } from "./publish_order.ts";
import { Reception, type ReceptionOptions } from "./reception.ts";
import { directReplies, type Replies } from "./replies.ts";

/** The folder for received files, and the rules for what is taken. */
export type ReceiverOptions = Omit<ReceptionOptions, "offer" | "from" | "replies" | "turn">;

/** Receives the transfers that are offered, each in an exchange of its own (SPEC.md §8, §14). */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Takes one offer to its end. Never throws: the sender gets the reason for a failure, and an
   * event reports it. `replies` are those of the channel to the sender itself, unless it comes
   * through a hub; it is published in its `turn`, which is disposed of then.
   */
  receive(
    exchange: Exchange,
    { offer, from, replies = directReplies(exchange), turn }: {
      offer: Offer;
      from: Sender;
      replies?: Replies;
      turn?: Turn;
    },
  ): void {
    const running = new Reception(exchange, { offer, from, replies, turn, ...this.#options }).run();
    this.#running.add(running);
    running.finally(() => this.#running.delete(running));
  }

  /** Lets go of what has been kept for too long. */
  sweep(): Promise<void> {
    return this.#options.staging.sweep();
  }

  /** Resolves when everything that is under way has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
    await this.#options.alreadyHere?.written();
  }
}
