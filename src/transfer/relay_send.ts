import { fromHex, toBase64url, utf8 } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { type Message, OFFER_FIELDS, type Receipt } from "../protocol/messages.ts";
import { fieldsOf } from "../protocol/schema.ts";
import type { Session } from "../protocol/session.ts";
import { PURPOSE, sealEnvelope } from "../secure/envelope.ts";
import { hkdf } from "../secure/hkdf.ts";
import type { IdentityKeys, PublicKeys } from "../secure/identity_keys.ts";
import { SEGMENT_BYTES } from "../storage/part/part_record.ts";
import { isoDate } from "./iso_date.ts";
import { openAnswer } from "./answer.ts";
import { pipeContent } from "./content_pipe.ts";
import { deliveredEvent } from "./delivered.ts";
import type { Delivered, Report, Stored } from "./events.ts";
import { stopOnAbort, tellLocalError } from "./cancel.ts";
import type { Source } from "./source/source.ts";

/** Envelopes that are sent before their `routed` are awaited. */
const ENVELOPES_AT_ONCE = 16;

/** Somebody to send to: the name at the hub, and the keys that it belongs to. */
export interface Recipient {
  name: string;
  keys: PublicKeys;
}

/** When a sender has what it waits for: by default delivered to who is joined, stored for who is away. */
export type WaitFor = "stored" | "delivered" | undefined;

/** What became of a transfer for one person. */
export interface PersonOutcome {
  to: string;
  delivered?: Delivered;
  stored?: Stored;
  error?: P2pError;
}

/** How one transfer is sent to people. */
export interface RelayOptions {
  /** The transfer id, 32 hex digits, the same in every attempt. */
  transfer: string;
  keyPair: IdentityKeys;
  recipients: Recipient[];
  wait: WaitFor;
  report: Report;
  onOutcome: (outcome: PersonOutcome) => void;
  limit?: number | undefined;
  signal: AbortSignal;
}

/**
 * Sends `source` once, through the hub, to several people (SPEC.md §16); every one of them gets one outcome. Throws
 * `P2pError` where nobody could be sent to: "refused", "local", or "connection" where that was lost.
 */
export async function relayTransfer(
  session: Session,
  source: Source,
  options: RelayOptions,
): Promise<void> {
  const exchange = session.open();
  try {
    using _ = stopOnAbort(exchange, options.signal);
    await new RelaySending(exchange, { ...options, source }).run();
  } catch (error) {
    await tellLocalError(exchange, error);
    throw error;
  } finally {
    exchange.end();
  }
}

/** The transfer key of a relay: the same in every attempt, without being kept anywhere. */
export function relayKey({ dhPair: { privateKey } }: IdentityKeys, transfer: string): Uint8Array {
  return hkdf(privateKey, {
    salt: fromHex(transfer),
    info: utf8("p2p/1 relay key"),
  });
}

/** One transfer on its way to the hub and beyond. */
class RelaySending {
  readonly #exchange: Exchange;
  readonly #options: RelayOptions & { source: Source };
  /** Recipients without an outcome. */
  readonly #open = new Map<string, { key: Uint8Array; isAway: boolean }>();
  readonly #startedAt = performance.now();
  /** Until when the hub keeps it, once it is stored. */
  #until: number | undefined;
  #latency = 0;

  constructor(exchange: Exchange, options: RelayOptions & { source: Source }) {
    this.#exchange = exchange;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { transfer, recipients, source } = this.#options;
    const { size } = source;
    await this.#exchange.send({ type: "relay", transfer, size, receivers: recipients.length });
    await this.#sendEnvelopes();
    const answer = await this.#nextVerdict();
    this.#latency = performance.now() - this.#startedAt;
    const verdict = answer?.type === "accept" ? await this.#sendContent(answer) : answer;
    if (verdict !== undefined) this.#takeVerdict(verdict);
    while (this.#open.size > 0) await this.#take(await this.#exchange.receive());
    await this.#exchange.send({ type: "settled" }).catch(() => {}); // Everybody has an outcome, whatever becomes of it.
  }

  /** One envelope for each recipient, some at once; the hub says of each where it goes. */
  async #sendEnvelopes() {
    const { recipients } = this.#options;
    for (let at = 0; at < recipients.length; at += ENVELOPES_AT_ONCE) {
      const batch = recipients.slice(at, at + ENVELOPES_AT_ONCE);
      for (const recipient of batch) {
        await this.#exchange.send({
          type: "envelope",
          to: recipient.name,
          sealed: await this.#envelope(recipient),
        });
      }
      for (const recipient of batch) this.#takeRouted(await this.#exchange.receive(), recipient);
    }
  }

  async #envelope({ keys: receiver }: Recipient): Promise<string> {
    const { source, transfer, keyPair } = this.#options;
    const key = toBase64url(relayKey(keyPair, transfer));
    const offer = { ...fieldsOf(OFFER_FIELDS, source), key };
    const sealed = await sealEnvelope(utf8(JSON.stringify(offer)), {
      purpose: PURPOSE.offer,
      transferId: fromHex(transfer),
      sender: keyPair,
      receiver,
    });
    return toBase64url(sealed);
  }

  #takeRouted(message: Message, { name, keys }: Recipient) {
    if (message.type !== "routed") throw this.#failure(message);
    const { state, reason } = message;
    if (state === "refused") this.#end(name, { error: this.#refused(name, reason) });
    else this.#open.set(name, { key: keys.id, isAway: state === "away" });
  }

  async #sendContent({ offset }: Message<"accept">): Promise<Message | undefined> {
    const { source, keyPair, transfer } = this.#options;
    const { size, folder } = source;
    if (offset % SEGMENT_BYTES !== 0 || (size !== null && !folder && offset > size)) {
      throw new P2pError("protocol", `the hub has ${offset} bytes of "${source.name}"`);
    }
    const key = relayKey(keyPair, transfer);
    await using pipe = await pipeContent(this.#exchange, { ...this.#options, source, key, offset });
    const answering = this.#nextVerdict();
    answering.catch(() => {}); // Where sending fails first, that is the reason to tell.
    await Promise.race([pipe.sent, answering]);
    return await answering;
  }

  /** The hub's word on the whole; undefined where every receiver has an outcome before that. */
  async #nextVerdict(): Promise<Message | undefined> {
    while (this.#open.size > 0) {
      const message = await this.#exchange.receive();
      if (message.type !== "outcome" && message.type !== "routed") return message;
      await this.#take(message);
    }
  }

  /** From here on who is away is done with, unless the sender waits for all. */
  #takeVerdict(message: Message) {
    if (message.type === "refuse") return this.#endAll({ error: this.#failure(message) });
    if (message.type !== "stored") throw this.#failure(message);
    this.#until = message.until;
    const { wait } = this.#options;
    for (const [name, { isAway }] of this.#open) {
      if (wait === "stored" || (isAway && wait === undefined)) this.#endStored(name);
    }
  }

  /** News of one receiver: an outcome, or that it has gone, or cannot take it now. */
  async #take(message: Message) {
    if (message.type !== "routed" && message.type !== "outcome") throw this.#failure(message);
    const open = this.#open.get(message.to);
    if (open === undefined) return;
    if (message.type === "outcome") {
      return this.#end(message.to, await this.#read(message, open.key));
    }
    open.isAway ||= message.state === "away";
    const isKept = this.#until !== undefined && open.isAway;
    if (isKept && this.#options.wait === undefined) this.#endStored(message.to);
  }

  /** What the receiver says, proved to be its own words. */
  async #read(
    message: Message<"outcome">,
    key: Uint8Array,
  ): Promise<Omit<PersonOutcome, "to">> {
    const { transfer, keyPair, source } = this.#options;
    const { to } = message;
    try {
      const { receipt, reason } = await openAnswer(message, { transfer, keyPair, key });
      if (receipt === undefined) return { error: this.#refused(to, reason) };
      return { delivered: this.#delivered(to, receipt) };
    } catch (cause) {
      const error = (cause as Error).message;
      return {
        error: new P2pError("refused", `"${source.name}" for "${to}": ${error}`, { cause }),
      };
    }
  }

  #endStored(to: string) {
    this.#end(to, { stored: this.#stored(to) });
  }

  #endAll(outcome: Omit<PersonOutcome, "to">) {
    for (const to of [...this.#open.keys()]) this.#end(to, outcome);
  }

  #end(to: string, outcome: Omit<PersonOutcome, "to">) {
    this.#open.delete(to);
    this.#options.onOutcome({ to, ...outcome });
  }

  #delivered(to: string, receipt: Receipt): Delivered {
    const { source, transfer } = this.#options;
    const latency = this.#latency;
    const duration = performance.now() - this.#startedAt - latency;
    return deliveredEvent(receipt, { source, transfer, to, latency, duration });
  }

  #stored(to: string): Stored {
    const { source, transfer } = this.#options;
    return {
      event: "stored",
      transfer,
      to,
      name: source.name,
      bytes: source.size ?? 0,
      until: isoDate(this.#until!),
    };
  }

  #refused(to: string, reason: string): P2pError {
    return new P2pError(
      "refused",
      `"${this.#options.source.name}" did not get to "${to}": ${reason}`,
    );
  }

  #failure(message: Message): P2pError {
    const { name } = this.#options.source;
    if (message.type === "refuse") {
      return new P2pError("refused", `"${name}" was refused by the hub: ${message.reason}`);
    }
    if (message.type === "cancel") {
      const code = message.code === "interrupted" ? "connection" : "refused";
      return new P2pError(code, `the hub stopped "${name}": ${message.reason}`);
    }
    return new P2pError("protocol", `"${message.type}" is no answer to a transfer through the hub`);
  }
}
