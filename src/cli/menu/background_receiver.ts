import type { Exchange } from "../../protocol/exchange.ts";
import type { Message } from "../../protocol/messages.ts";
import type { HubClient } from "../../client/hub_client.ts";
import { ReceivedContent } from "../../home/received_content.ts";
import { AnsweredTransfers } from "../../home/answered.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { Receiver } from "../../transfer/receive/receiver.ts";
import { alreadyLine, interruptedLine, refusedLine } from "../../ui/event_lines.ts";
import { printable } from "../../ui/printable.ts";
import { createStyle } from "../../ui/terminal.ts";
import { Deliveries } from "../../client/incoming.ts";
import type { News } from "./news.ts";
import { Sweeps } from "../../sweeps.ts";
import { openReceiver } from "../../transfer/open_receiver.ts";

/** The folder for what comes in, and the news of it. */
export interface BackgroundReceiverOptions {
  /** The folder for files. */
  dir: string;
  news: News;
}

/**
 * Deliveries into a folder that is made for the first of them: looking around leaves nothing
 * behind.
 */
export class BackgroundReceiver {
  readonly #client: HubClient;
  readonly #options: BackgroundReceiverOptions;
  #opened: Promise<Opened> | undefined;

  constructor(client: HubClient, options: BackgroundReceiverOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Takes one delivery of the hub with that fingerprint; where the folder cannot be used the hub
   * keeps it. Never throws.
   */
  async take(exchange: Exchange, delivery: Message<"delivery">, hub: string): Promise<void> {
    try {
      const { deliveries } = await this.#open();
      await deliveries.take(exchange, delivery, hub);
    } catch (error) {
      this.#options.news.tell(printable((error as Error).message));
      const reason = "it cannot be taken at the moment";
      await exchange.send({ type: "cancel", code: "disk", reason }).catch(() => {});
      exchange.end();
    }
  }

  /** Resolves when everything that is under way has ended. */
  async idle(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.sweeps[Symbol.asyncDispose]();
    await opened?.receiver.idle();
  }

  /** Once, unless that fails. */
  #open(): Promise<Opened> {
    return this.#opened ??= this.#openNow().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
  }

  async #openNow(): Promise<Opened> {
    const { dir } = this.#options;
    const answered = await AnsweredTransfers.open(this.#client.home);
    const receiver = await openReceiver(
      { dir, onConflict: "rename", allowHidden: false },
      {
        report: (event) => this.#report(event),
        received: new ReceivedContent(this.#client.home),
      },
    );
    const deliveries = new Deliveries(this.#client, { receiver, answered, onlyKnown: false });
    const sweeps = new Sweeps([() => receiver.sweep()], {
      onError: (error) => this.#options.news.tell(printable(error.message)),
    });
    return { receiver, deliveries, sweeps };
  }

  #report(event: TransferEvent) {
    const { news } = this.#options;
    if (event.event === "received") news.came(event);
    if (event.event === "already") news.tell(alreadyLine(event, PLAIN));
    if (event.event === "refused") news.tell(refusedLine(event, PLAIN));
    if (event.event === "interrupted") news.tell(interruptedLine(event, PLAIN));
  }
}

interface Opened {
  receiver: Receiver;
  sweeps: Sweeps;
  deliveries: Deliveries;
}

const PLAIN = createStyle(false);
