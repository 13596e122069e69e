import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import { sleep } from "../sleep.ts";
import type { TransferEvent } from "../transfer/events.ts";
import type { Introduction } from "./pair_by_code.ts";

/** How long a cut, here or there, may last. */
const GIVE_UP_MS = 60_000;

const PAUSE_MS = 500;

/** How an inbox gets to its hub, and to whom. */
export interface CodeInboxOptions {
  /** A session that is joined; called again after a cut. */
  open: () => Promise<Session>;
  meet: (exchange: Exchange) => Promise<Introduction>;
  signal: AbortSignal;
}

/** What comes from whoever shares a code, over as many sessions as it takes (SPEC.md §19). */
export class CodeInbox {
  /** Whom the code has brought; undefined before. */
  sender: Introduction | undefined;
  /** Transfers that were turned down here. */
  refused = 0;
  readonly #ended = new Set<string>();
  readonly #over = Promise.withResolvers<void>();
  #session: Session | undefined;
  #givingUp: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#over.promise.catch(() => {}); // Thrown where it is awaited.
  }

  /** Takes notice of what becomes of each transfer. */
  count(event: TransferEvent): void {
    if (event.event === "progress") return this.#goOn();
    if (event.event !== "received" && event.event !== "refused") return;
    if (event.event === "refused") this.refused++;
    this.#ended.add(event.transfer);
    if (this.#ended.size === this.sender?.items) this.#over.resolve();
  }

  /** Meets the sender and stays until everything has come. "connection" where it does not. */
  async fill({ open, meet, signal }: CodeInboxOptions): Promise<void> {
    const onAbort = () => this.#fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let exchange: Exchange | undefined;
    try {
      this.#session = await open();
      exchange = this.#session.open();
      this.sender = await Promise.race([meet(exchange), this.#over.promise.then(never)]);
      this.#hear(exchange);
      while (await this.#isLost(this.#session)) {
        this.#giveUpLater();
        this.#session = await this.#again(open, signal);
      }
    } catch (error) {
      await exchange?.send({ type: "cancel", code: "declined", reason: "" }).catch(() => {});
      await this.#session?.goodbye("bye", "leaving");
      throw error;
    } finally {
      this.#goOn();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Leaves the hub. */
  async close(): Promise<void> {
    await this.#session?.goodbye("bye", "everything is here");
  }

  /** The sender is done, or has gone for now. */
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

  async #again(open: () => Promise<Session>, signal: AbortSignal): Promise<Session> {
    while (true) {
      await Promise.race([sleep(PAUSE_MS, signal), this.#over.promise]);
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof P2pError) || error.code !== "connection") throw error;
      }
    }
  }

  #giveUpLater() {
    this.#givingUp ??= setTimeout(() => this.#fail(senderGone()), GIVE_UP_MS);
  }

  #goOn() {
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
