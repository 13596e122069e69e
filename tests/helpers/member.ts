import type { ClientEvent } from "../../src/client/client_event.ts";
import type { HubClient, HubClientOptions } from "../../src/client/hub_client.ts";
import { Deliveries, type DeliveriesOptions } from "../../src/client/incoming.ts";
import { Membership } from "../../src/client/membership.ts";
import { AnsweredTransfers } from "../../src/home/answered.ts";
import { Notify } from "../../src/notify.ts";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { openReceiver } from "../../src/transfer/open_receiver.ts";
import type { Address } from "../../src/transport/address.ts";
import { clientIn } from "./connect_to_hub.ts";
import { TempDir } from "./temp_dir.ts";

/** Events as they come, kept, and waited for. */
export class Events<T> {
  readonly all: T[] = [];
  readonly #changed = new Notify();

  readonly add = (event: T): void => {
    this.all.push(event);
    this.#changed.notify();
  };

  /** The first event that `fits`, from the `skip`th such one on, as soon as it is there. */
  async find<U extends T>(fits: (event: T) => event is U, skip = 0): Promise<U> {
    while (true) {
      const found = this.all.filter(fits)[skip];
      if (found !== undefined) return found;
      await this.#changed.wait();
    }
  }
}

/** True for client events of that type. */
export function ofType<T extends ClientEvent["type"]>(type: T) {
  return (event: ClientEvent): event is Extract<ClientEvent, { type: T }> => event.type === type;
}

/** Joins a hub as a person with a home and a folder of their own; leaves at the end of the block. */
export class Member implements AsyncDisposable {
  readonly client: HubClient;
  readonly events = new Events<ClientEvent>();
  readonly transfers = new Events<TransferEvent>();
  /** Rejects with what ended the membership. */
  readonly staying: Promise<void>;
  readonly #dir: TempDir;
  readonly #leaving = new AbortController();
  #idle = () => Promise.resolve();

  /** Resolves once the hub has taken it. */
  static async join(
    address: Address,
    options: Partial<HubClientOptions & DeliveriesOptions> & { name: string },
  ): Promise<Member> {
    const member = new Member(await TempDir.make(), address, options);
    await Promise.race([member.events.find(ofType("joined")), member.staying]);
    return member;
  }

  private constructor(
    dir: TempDir,
    address: Address,
    { onlyKnown = false, ...options }: Partial<HubClientOptions & DeliveriesOptions>,
  ) {
    this.#dir = dir;
    this.client = clientIn(dir, { address, onEvent: this.events.add, ...options });
    this.staying = this.#stay(onlyKnown);
    this.staying.catch(() => {});
  }

  /** The folder with what has come in. */
  get received(): string {
    return this.#dir.join("received");
  }

  async #stay(onlyKnown: boolean) {
    const receiver = await openReceiver(
      { dir: this.received, onConflict: "rename", allowHidden: false },
      { report: this.transfers.add },
    );
    this.#idle = () => receiver.idle();
    const answered = await AnsweredTransfers.open(this.client.home);
    const deliveries = new Deliveries(this.client, { receiver, answered, onlyKnown });
    await new Membership(this.client, deliveries).keep(this.#leaving.signal);
  }

  async [Symbol.asyncDispose]() {
    this.#leaving.abort();
    await this.staying.catch(() => {});
    await this.#idle();
    await this.#dir[Symbol.asyncDispose]();
  }
}
