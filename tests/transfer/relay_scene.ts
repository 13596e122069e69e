import { fromBase64url, fromHex } from "../../src/bytes.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message, MessageType, Receipt } from "../../src/protocol/messages.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { deriveDataKey, OpenStream } from "../../src/secure/sealed_stream.ts";
import { sealAnswer } from "../../src/transfer/answer.ts";
import type { PersonOutcome } from "../../src/transfer/send/relay_outcomes.ts";
import { type RelayOptions, relayTransfer } from "../../src/transfer/send/relay_send.ts";
import type { RelayKey } from "../../src/transfer/send/sealed_offer.ts";
import type { Source } from "../../src/transfer/source/source.ts";
import { concat } from "../../src/bytes.ts";
import { SessionPair } from "../helpers/session_pair.ts";

/** The id of the one transfer of a scene. */
export const TRANSFER = "fedcba9876543210".repeat(2);

export const RECEIPT: Receipt = {
  savedAs: "note.txt",
  sha256: "ab".repeat(32),
  bytes: 5,
  resumedAt: 0,
};

/** The secret of the one transfer of a scene. */
export const RELAY_KEY: RelayKey = { key: new Uint8Array(32).fill(7), created: 1_700_000_000_000 };

/** Keys of those who take part; they take a while to make. */
export const KEYS = {
  ana: await identityKeys(),
  bob: await identityKeys(),
  cy: await identityKeys(),
};

/** A name of {@link KEYS}. */
export type Name = keyof typeof KEYS;

/** A sender, ana, and a hub that does what the test says; `await using` ends the session. */
export class RelayScene implements AsyncDisposable {
  /** What the sender gets, in order. */
  readonly outcomes: PersonOutcome[] = [];
  readonly #pair: SessionPair;
  readonly #opened: Promise<Exchange>;

  static async open(): Promise<RelayScene> {
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const pair = await SessionPair.open({ onOpen: resolve });
    return new RelayScene(pair, promise);
  }

  private constructor(pair: SessionPair, opened: Promise<Exchange>) {
    this.#pair = pair;
    this.#opened = opened;
  }

  /** Ana sends `source`. */
  send(source: Source, to: Name[], options: Partial<RelayOptions> = {}): Promise<void> {
    const sending = relayTransfer(this.#pair.initiator, source, {
      transfer: TRANSFER,
      keyPair: KEYS.ana,
      relayKey: RELAY_KEY,
      recipients: to.map((name) => ({ name, keys: KEYS[name] })),
      wait: undefined,
      report: () => {},
      onOutcome: (outcome) => this.outcomes.push(outcome),
      signal: new AbortController().signal,
      ...options,
    });
    sending.catch(() => {}); // Rejects for the test that awaits it.
    return sending;
  }

  /** The hub's side of the relay, once each envelope is routed as `states` says. */
  async routed(states: Message<"routed">["state"][]): Promise<HubExchange> {
    const hub = new HubExchange(await this.#opened);
    for (const state of states) {
      const { to } = await hub.next("envelope");
      await hub.exchange.send({ type: "routed", to, state, until: null, reason: "it is full" });
    }
    return hub;
  }

  /** The sender's session is lost. */
  cut() {
    this.#pair.acceptor.abort();
  }

  async [Symbol.asyncDispose]() {
    await this.#pair[Symbol.asyncDispose]();
  }
}

/** The hub's end of one relay. */
export class HubExchange {
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** The next message, which has to be of that type. */
  async next<T extends MessageType>(type: T): Promise<Message<T>> {
    const message: Message = await this.exchange.receive();
    if (message.type !== type) throw new Error(`"${message.type}" where "${type}" was due`);
    return message as unknown as Message<T>;
  }

  /** Accepts at `offset`, and gives what comes, opened. */
  async take(offset = 0): Promise<{ begin: Message<"begin">; content: Uint8Array }> {
    await this.exchange.accept({ offset, digest: null });
    const begin = await this.next("begin");
    const key = deriveDataKey(RELAY_KEY.key, {
      salt: fromBase64url(begin.salt),
      transferId: fromHex(TRANSFER),
      offset: begin.offset,
    });
    const opened = this.exchange.data.pipeThrough(new OpenStream(key));
    return { begin, content: concat(await Array.fromAsync(opened)) };
  }

  /** Says that all of it is on disk. */
  store(): Promise<void> {
    return this.exchange.send({ type: "stored", until: 5 });
  }

  /** Passes on that `to` has it, with an answer that `by` has sealed. */
  async deliver(to: Name, by: IdentityKeys = KEYS[to]): Promise<void> {
    const about = { keyPair: by, to: KEYS.ana, transfer: TRANSFER };
    const sealed = await sealAnswer(RECEIPT, about);
    await this.exchange.send({ type: "outcome", to, code: "delivered", sealed });
  }
}
