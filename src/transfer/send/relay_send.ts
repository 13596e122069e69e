import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import type { Batch, Message } from "../../protocol/messages.ts";
import type { Session } from "../../protocol/session.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { stopOnAbort, tellLocalError } from "../cancel.ts";
import type { Report } from "../events.ts";
import type { Source } from "../source/source.ts";
import { StallWatch } from "../stall_watch.ts";
import { answerTo, type ContentPipe, fliesAhead, pipeContent } from "./content_pipe.ts";
import { type Recipient, RelayOutcomes, type RelayOutcomesOptions } from "./relay_outcomes.ts";
import { type RelayKey, sealOffer } from "./sealed_offer.ts";

/** Envelopes that are sent before their `routed` are awaited. */
const ENVELOPES_AT_ONCE = 16;

/** Options of {@link relayTransfer}; the transfer id is the same in every run. */
export interface RelayOptions extends Omit<RelayOutcomesOptions, "source"> {
  recipients: Recipient[];
  relayKey: RelayKey;
  /** True where the hub may have a part of it. */
  begun?: boolean;
  /** What it is sent together with. */
  batch?: Batch | undefined;
  report: Report;
  /** Most bytes a second; undefined for as many as there can be. */
  limit?: number | undefined;
  signal: AbortSignal;
}

/**
 * Sends `source` once, through the hub, to several people (SPEC.md §16); each of them gets one
 * outcome. Throws `P2pError` where that fails for all: "refused", "local", or "connection" where
 * that was lost.
 */
export async function relayTransfer(
  session: Session,
  source: Source,
  options: RelayOptions,
): Promise<void> {
  const exchange = session.open();
  try {
    using _ = stopOnAbort(exchange, options.signal);
    using stalls = new StallWatch(exchange, {
      ...{ ...options, name: source.name, peer: "the hub" },
    });
    await using sending = new RelaySend(exchange, { ...options, source, stalls });
    await sending.run();
  } catch (error) {
    await tellLocalError(exchange, error);
    throw error;
  } finally {
    exchange.end();
  }
}

type RelaySendOptions = RelayOptions & { source: Source; stalls: StallWatch };

/** One transfer on its way to the hub and beyond. */
class RelaySend implements AsyncDisposable {
  readonly #exchange: Exchange;
  readonly #options: RelaySendOptions;
  readonly #outcomes: RelayOutcomes;
  /** The run that was begun with the envelopes. */
  #flight: ContentPipe | undefined;

  constructor(exchange: Exchange, options: RelaySendOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#outcomes = new RelayOutcomes(options);
  }

  async run(): Promise<void> {
    const { transfer, recipients, source, stalls } = this.#options;
    const size = source.mostBytes ?? source.size; // What a hub decides by is the most that comes.
    stalls.missing = "no answer to the offer yet";
    const digests = recipients.map(({ sha256 = null }) => sha256);
    const ahead = fliesAhead(source, { ...this.#options, digests });
    const receivers = recipients.length;
    await this.#exchange.send({ type: "relay", transfer, size, receivers, ahead });
    await this.#sendEnvelopes(async () => {
      if (ahead) this.#flight = await this.#pipe(0);
    });
    const answer = await this.#nextVerdict();
    this.#outcomes.answered();
    const verdict = answer?.type === "accept" ? await this.#sendContent(answer) : answer;
    if (verdict !== undefined) this.#takeVerdict(verdict);
    stalls.missing = "no receipt yet";
    while (!this.#outcomes.isComplete) {
      const next = this.#exchange.receive();
      next.catch(() => {});
      const message = await Promise.race([next, this.#outcomes.givenUp]);
      if (message === undefined) break;
      if (!isNews(message)) throw this.#failure(message);
      await this.#outcomes.take(message);
    }
    // Everybody has an outcome, whatever becomes of the connection.
    await this.#exchange.send({ type: "settled" }).catch(() => {});
  }

  async [Symbol.asyncDispose]() {
    this.#outcomes[Symbol.dispose]();
    await this.#flight?.[Symbol.asyncDispose]();
  }

  /**
   * One envelope for each recipient, some at once; the hub says of each where it goes. `onSent` is
   * called when all have left.
   */
  async #sendEnvelopes(onSent: () => Promise<void>) {
    const { recipients } = this.#options;
    for (let at = 0; at < recipients.length; at += ENVELOPES_AT_ONCE) {
      const batch = recipients.slice(at, at + ENVELOPES_AT_ONCE);
      for (const recipient of batch) await this.#sendEnvelope(recipient);
      if (batch.includes(recipients.at(-1)!)) await onSent();
      for (const recipient of batch) {
        const message = await this.#exchange.receive();
        if (message.type !== "routed") throw this.#failure(message);
        this.#outcomes.add(recipient, message);
      }
    }
  }

  async #sendEnvelope({ name, keys: receiver, sha256 = null }: Recipient) {
    const { source, transfer, batch, keyPair, relayKey } = this.#options;
    const about = { transfer, batch, sha256, keyPair, receiver, relayKey };
    const sealed = await sealOffer(source, about);
    await this.#exchange.send({ type: "envelope", to: name, sealed });
  }

  /**
   * Sends the content from where the hub stands; gives its word on the whole, which may come before
   * the end.
   */
  async #sendContent(accept: Message<"accept">): Promise<Message | undefined> {
    const { stalls } = this.#options;
    await using pipe = await this.#runFor(accept);
    stalls.missing = undefined; // Before all is sent no answer is due.
    pipe.sent.then(() => stalls.missing = "the hub has not stored it yet", () => {});
    const verdict = await answerTo(pipe.sent, this.#nextVerdict());
    if (verdict === undefined || verdict.type === "stored") pipe.arrived();
    return verdict;
  }

  /** The first flight where it was taken, else a run from where the hub stands. */
  async #runFor({ offset, taken }: Message<"accept">): Promise<ContentPipe> {
    const { name, size, folder } = this.#options.source;
    if (offset % CHUNK_BYTES !== 0 || (size !== null && !folder && offset > size)) {
      throw new P2pError("protocol", `the hub has ${offset} bytes of "${name}"`);
    }
    if (this.#flight !== undefined && taken) return this.#flight;
    await this.#flight?.[Symbol.asyncDispose]();
    return await this.#pipe(offset);
  }

  #pipe(offset: number): Promise<ContentPipe> {
    const { source, relayKey: { key } } = this.#options;
    return pipeContent(this.#exchange, { ...this.#options, source, key, offset });
  }

  /** The hub's word on the whole; undefined where every recipient has an outcome before that. */
  async #nextVerdict(): Promise<Message | undefined> {
    while (!this.#outcomes.isComplete) {
      const message = await this.#exchange.receive();
      if (!isNews(message)) return message;
      await this.#outcomes.take(message);
    }
  }

  #takeVerdict(message: Message) {
    const isBusy = message.type === "refuse" && message.code === "busy";
    if (message.type === "refuse" && !isBusy) return this.#outcomes.fail(this.#failure(message));
    if (message.type !== "stored") throw this.#failure(message);
    this.#outcomes.stored(message.until);
  }

  #failure(message: Message): P2pError {
    const { name } = this.#options.source;
    if (message.type === "refuse") {
      const detail = message.code === "busy" ? message.code : undefined;
      const why = `"${name}" was refused by the hub: ${message.reason}`;
      return new P2pError("refused", why, { detail });
    }
    if (message.type === "cancel") {
      const code = message.code === "interrupted" ? "connection" : "refused";
      return new P2pError(code, `the hub stopped "${name}": ${message.reason}`);
    }
    const due = "news of a transfer through the hub";
    return new P2pError("protocol", `expected ${due}, got "${message.type}"`);
  }
}

/** True for what says how it stands with one recipient. */
function isNews(message: Message): message is Message<"routed" | "outcome"> {
  return message.type === "routed" || message.type === "outcome";
}
