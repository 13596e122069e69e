import { Backoff } from "../backoff.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import type { Code } from "../secure/code.ts";
import { sleep } from "../sleep.ts";
import { isEnd, type TransferEvent } from "../transfer/events.ts";
import type { HubClient } from "./hub_client.ts";
import type { Deliveries } from "./incoming.ts";
import { joinHub } from "./join.ts";
import { type Introduction, pair } from "./pairing.ts";

/** The longest cut, here or there. */
const GIVE_UP_MS = 60_000;

/** The pauses between tries to come back to the hub. */
const PAUSES = { firstMs: 500, longestMs: 4_000 };

/** The code by which the sender is found. */
export interface CodeInboxOptions {
  /** The code that the sender has made, or a new one. */
  code: Code | "new";
  /** Keeps the sender's key under its name. */
  remember: boolean;
}

/**
 * The transfers from the person who shares a code, over as many sessions as it takes (SPEC.md §19).
 */
export class CodeInbox {
  /** The person that the code has brought; undefined before. */
  sender: Introduction | undefined;
  /** Transfers that were turned down here. */
  refused = 0;
  readonly #client: HubClient;
  readonly #options: CodeInboxOptions;
  readonly #ended = new Set<string>();
  readonly #over = Promise.withResolvers<void>();
  #session: Session | undefined;
  #givingUp: ReturnType<typeof setTimeout> | undefined;
  #isFilled = false;

  constructor(client: HubClient, options: CodeInboxOptions) {
    this.#client = client;
    this.#options = options;
    this.#over.promise.catch(() => {}); // Thrown where it is awaited.
  }

  /** Takes notice of what becomes of each transfer. */
  count(event: TransferEvent): void {
    if (event.event === "progress") return this.#keepWaiting();
    if (!isEnd(event)) return;
    if (event.event === "refused") this.refused++;
    this.#ended.add(event.transfer);
    if (this.#ended.size === this.sender?.items) this.#over.resolve();
  }

  /** Meets the sender and stays until everything has come. "connection" where it does not. */
  async fill(deliveries: Pick<Deliveries, "take">, signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let exchange: Exchange | undefined;
    try {
      this.#session = await this.#open(deliveries, signal);
      exchange = this.#session.open();
      this.sender = await Promise.race([this.#meet(exchange), this.#over.promise.then(never)]);
      this.#hear(exchange);
      while (await this.#isLost(this.#session)) {
        this.#giveUpLater();
        this.#session = await this.#openAgain(deliveries, signal);
      }
      // Else the sender would take the leaving for a cut.
      await exchange.send({ type: "settled" }).catch(() => {});
    } catch (error) {
      await exchange?.send({ type: "cancel", code: "declined", reason: "" }).catch(() => {});
      await this.#session?.goodbye("bye", "leaving");
      throw error;
    } finally {
      this.#isFilled = true;
      this.#keepWaiting();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Leaves the hub. */
  async close(): Promise<void> {
    await this.#session?.goodbye("bye", "everything is here");
  }

  /** A session in which deliveries can come. */
  async #open(deliveries: Pick<Deliveries, "take">, signal: AbortSignal): Promise<Session> {
    let hub = "";
    const { session, fingerprint } = await this.#client.underCode().connect({
      onOpen: (exchange, opening) => {
        if (opening.type === "delivery") return void deliveries.take(exchange, opening, hub);
        exchange.end();
      },
      signal,
    });
    hub = fingerprint;
    await joinHub(session.open());
    return session;
  }

  async #openAgain(deliveries: Pick<Deliveries, "take">, signal: AbortSignal): Promise<Session> {
    const pauses = new Backoff(PAUSES);
    while (true) {
      await Promise.race([sleep(pauses.next(), signal), this.#over.promise]);
      try {
        return await this.#open(deliveries, signal);
      } catch (error) {
        if (!(error instanceof P2pError) || error.code !== "connection") throw error;
      }
    }
  }

  #meet(exchange: Exchange): Promise<Introduction> {
    return pair(exchange, this.#client, { ...this.#options, items: 0 });
  }

  /** Waits for the sender's last word: it is done, or has gone for now. */
  async #hear(exchange: Exchange) {
    const message = await exchange.receive().catch(() => undefined);
    if (message?.type === "settled") return this.#over.resolve();
    if (message?.type === "cancel" && message.code === "declined") return this.#fail(senderGone());
    this.#giveUpLater();
  }

  #isLost(session: Session): Promise<boolean> {
    const lost = () => true;
    return Promise.race([this.#over.promise.then(() => false), session.closed.then(lost, lost)]);
  }

  /** Not once the inbox is filled or given up: the sender's side may end after that. */
  #giveUpLater() {
    if (this.#isFilled) return;
    this.#givingUp ??= setTimeout(() => this.#fail(senderGone()), GIVE_UP_MS);
  }

  #keepWaiting() {
    clearTimeout(this.#givingUp);
    this.#givingUp = undefined;
  }

  #fail(error: unknown) {
    this.#over.reject(error);
  }
}

function senderGone(): P2pError {
  return new P2pError("connection", "the sender has gone before everything was here", {
    hint: "meet again with a new code: it goes on where it stopped",
  });
}

function never(): never {
  throw new P2pError("unexpected", "everything came before anybody was met");
}
