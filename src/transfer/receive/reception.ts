import type { Exchange } from "../../protocol/exchange.ts";
import type { Message, Offer } from "../../protocol/messages.ts";
import { topName } from "../../names/file_name.ts";
import type { OnConflict, Part, Published } from "../../storage/part/part.ts";
import type { Staging } from "../../storage/part/staging.ts";
import { NoRoomError } from "../../storage/part/part_price.ts";
import type { ArchiveEntry } from "../../storage/archive/archive.ts";
import { StorageError, tooLarge } from "../../storage/storage_error.ts";
import type { Report } from "../events.ts";
import { StallWatch } from "../stall_watch.ts";
import { MeterStream } from "../meter_stream.ts";
import {
  type Acceptance,
  asksForKind,
  judgeEntry,
  judgeHead,
  judgeOffer,
  type Refusal,
  type Sender,
} from "./acceptance.ts";
import { KIND_HEAD_BYTES } from "../source/kind.ts";
import type { AlreadyHere } from "./already_here.ts";
import { cancelCodeOf, Cancelled, isWorthless, receiveError } from "./failure.ts";
import { receiveRun } from "./incoming_run.ts";
import { ReceptionEvents } from "./reception_events.ts";
import type { Turn } from "./publish_order.ts";
import type { Replies } from "./replies.ts";

/** One offer, and all that its way in depends on. */
export interface ReceptionOptions {
  offer: Offer;
  from: Sender;
  replies: Replies;
  /** Its place among those of its sender, where there is an order. */
  turn?: Turn | undefined;
  staging: Staging;
  acceptance: Acceptance;
  onConflict: OnConflict;
  allowHidden: boolean;
  /** What need not come again; without it every offer is new. */
  alreadyHere?: AlreadyHere | undefined;
  report: Report;
}

/** One transfer on its way in: offer, part, content, receipt (SPEC.md §8, §14). */
export class Reception {
  readonly #exchange: Exchange;
  readonly #options: ReceptionOptions;
  readonly #offer: Offer;
  readonly #events: ReceptionEvents;
  #lastMessage: Promise<Message> | undefined;

  constructor(exchange: Exchange, options: ReceptionOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#offer = options.offer;
    this.#events = new ReceptionEvents(options);
  }

  /** Takes the offer to its end; never throws. */
  async run(): Promise<void> {
    try {
      const refusal = this.#options.replies.wasAnswered() ? undefined : await this.#judge();
      if (refusal === undefined) await this.#take();
      else await this.#refuse(refusal);
    } catch (error) {
      await this.#giveUp(error);
    } finally {
      this.#options.turn?.[Symbol.dispose]();
      this.#exchange.end();
    }
  }

  async #judge(): Promise<Refusal | undefined> {
    this.#events.offered();
    const { acceptance, allowHidden, from, turn } = this.#options;
    if (acceptance.ask !== undefined) {
      turn?.giveWay();
      this.#exchange.dropAhead();
    }
    return await judgeOffer(this.#offer, from, { ...acceptance, allowHidden });
  }

  /** Holds the part of this transfer while its offer is answered. */
  async #take() {
    const { replies } = this.#options;
    if (!replies.wasAnswered() && await this.#isAlreadyHere()) return;
    const part = await this.#claim();
    if (part instanceof NoRoomError) return await this.#refuse(part.noRoom);
    try {
      await this.#answerWith(part);
    } catch (error) {
      if (isWorthless(error) || replies.isFinal(cancelCodeOf(error, this.#exchange))) {
        await part.discard();
      }
      throw error;
    } finally {
      // Of an offer that never began nothing is left.
      await (part.isEmpty ? part.discard() : part.release());
    }
  }

  /** The part of this transfer, or the reason for which there is no room for another one. */
  #claim(): Promise<Part | NoRoomError> {
    const { staging, from: { key, network }, acceptance } = this.#options;
    const accepts = (entry: ArchiveEntry) => judgeEntry(entry, acceptance);
    return staging.claim(key, this.#offer, { accepts, network }).catch((error) => {
      if (error instanceof NoRoomError) return error;
      throw error;
    });
  }

  async #answerWith(part: Part) {
    const { replies } = this.#options;
    // Asked only now that no other run has the part any more.
    if (replies.wasAnswered()) {
      await replies.answerAgain();
      return await part.settle();
    }
    if (part.receipt !== undefined) return await this.#sendReceipt(part, part.receipt);
    if (await this.#isSkipped()) return await part.settle();
    const noRoom = await part.reserve(this.#offer);
    if (noRoom !== undefined) return await this.#refuse(noRoom);
    await this.#receiveContent(part);
    await this.#judgeContent(part);
    await this.#options.turn?.come;
    const published = await part.publish(this.#offer.name, this.#options);
    await this.#sendReceipt(part, published);
  }

  /** Looks at what came before it gets its name. */
  async #judgeContent(part: Part) {
    const { acceptance, from } = this.#options;
    const offer = this.#offer;
    if (!asksForKind(acceptance, offer)) return;
    for await (const file of part.heads(KIND_HEAD_BYTES)) {
      await judgeHead(file, { offer, from, acceptance });
    }
  }

  /** Answers for content that came before, and is as it was (SPEC.md §8, `already`). */
  async #isAlreadyHere(): Promise<boolean> {
    const { alreadyHere, from, replies } = this.#options;
    const found = await alreadyHere?.find(this.#offer, from, this.#options);
    if (found === undefined) return false;
    await replies.already(found);
    this.#events.already(found);
    await this.#isSettled();
    return true;
  }

  /** With `skip`, what has a name that is taken is refused, whatever is there. */
  async #isSkipped(): Promise<boolean> {
    const { onConflict, staging } = this.#options;
    if (onConflict !== "skip") return false;
    if (!await staging.isTaken(topName(this.#offer.name, this.#options))) return false;
    const reason = "something of this name is there already, and such names are skipped";
    await this.#refuse({ code: "exists", reason });
    return true;
  }

  /** The line of pipes: connection, open, meter, part. */
  async #receiveContent(part: Part): Promise<void> {
    const { offset, digest } = part;
    const { report } = this.#options;
    using stalls = new StallWatch(this.#exchange, { ...this.#offer, peer: "the sender", report });
    stalls.missing = "nothing comes from the sender";
    await this.#exchange.accept({ offset, digest });
    this.#events.accepted();
    const run = await receiveRun(this.#exchange, { offer: this.#offer, accepted: offset });
    stalls.missing = undefined;
    const stop = new AbortController();
    const meter = new MeterStream(run.offset, {
      onBytes: (bytes) => this.#count(bytes),
      onProgress: () => this.#events.progress(),
    });
    const piping = run.content
      .pipeThrough(meter)
      .pipeTo(part.begin(run.offset), { signal: stop.signal });
    await this.#unlessCancelled(piping, stop);
  }

  /** Waits for the pipes; a `cancel` of the sender stops them. */
  async #unlessCancelled(piping: Promise<void>, stop: AbortController) {
    const cancelled = this.#senderEnds().then((message) => {
      if (message.type === "cancel") throw new Cancelled(message);
      return piping; // A `settled` that is too early waits until it is asked for.
    });
    cancelled.catch(() => {});
    try {
      await Promise.race([piping, cancelled]);
    } catch (error) {
      stop.abort(error);
      await piping.catch(() => {});
      throw error;
    }
  }

  /**
   * The last message of the sender, `settled` or `cancel`: one promise for both who wait for it.
   */
  #senderEnds(): Promise<Message> {
    return this.#lastMessage ??= this.#exchange.receive();
  }

  #isSettled(): Promise<boolean> {
    return this.#senderEnds().then(({ type }) => type === "settled", () => false);
  }

  /** A size that was not declared is held to the limit as it comes; else storage counts. */
  #count(bytes: number) {
    this.#events.bytes = bytes;
    if (this.#offer.size !== null) return;
    const { maxBytes = Infinity } = this.#options.acceptance;
    if (bytes > maxBytes) throw new StorageError("size", tooLarge(null, maxBytes));
  }

  /** The part goes only where it is not needed to answer once more. */
  async #sendReceipt(part: Part, published: Published) {
    const { replies, alreadyHere, from } = this.#options;
    await replies.receipt(published).catch(() => {});
    this.#events.received(published);
    this.#options.turn?.[Symbol.dispose]();
    await alreadyHere?.note(this.#offer, from, published);
    if (await this.#isSettled() && await replies.isRemembered()) await part.settle();
  }

  async #refuse(refusal: Refusal) {
    await this.#options.replies.refuse(refusal.code, refusal.reason).catch(() => {});
    this.#events.refused(refusal);
  }

  /** Ends a transfer that did not get through; a sender who said so itself gets no `cancel`. */
  async #giveUp(failure: unknown) {
    const error = receiveError(this.#offer.name, failure);
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Cancelled) && !this.#exchange.isOver) {
      const code = cancelCodeOf(error, this.#exchange);
      await this.#options.replies.cancel(code, reason).catch(() => {});
    }
    this.#events.interrupted(reason);
  }
}
