import { fromBase64url, fromHex } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { CancelCode, Message, Offer } from "../protocol/messages.ts";
import { CHUNK_BYTES, deriveDataKey, OpenStream } from "../secure/sealed_stream.ts";
import type { ArchiveEntry } from "../storage/archive/archive.ts";
import type { OnConflict, Part, Published } from "../storage/part/part.ts";
import { topName } from "../names/file_name.ts";
import type { Staging } from "../storage/part/staging.ts";
import { StorageError, storageError, systemCode } from "../storage/storage_error.ts";
import type { Reservation, Reservations } from "../storage/reservations.ts";
import { type Acceptance, judge, type Refusal, type Sender } from "./acceptance.ts";
import { type Report, tenths } from "./events.ts";
import { MeterStream } from "./meter_stream.ts";
import { directReplies, type Replies } from "./replies.ts";

/** Where received files go, and what is taken. */
export interface ReceiverOptions {
  staging: Staging;
  space: Reservations;
  acceptance: Acceptance;
  onConflict: OnConflict;
  allowHidden: boolean;
  report: Report;
}

/** Receives the transfers that are offered, each in an exchange of its own (SPEC.md §8, §14). */
export class Receiver {
  #options: ReceiverOptions;
  #running = new Set<Promise<void>>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Takes one offer to its end. Never throws: what goes wrong is told to the sender and reported. `replies` are those of
   * the channel to the sender itself, unless it comes through a hub.
   */
  receive(
    exchange: Exchange,
    { offer, from, replies = directReplies(exchange) }: {
      offer: Offer;
      from: Sender;
      replies?: Replies;
    },
  ): void {
    const running = new Reception(exchange, { offer, from, replies, ...this.#options }).run();
    this.#running.add(running);
    running.finally(() => this.#running.delete(running));
  }

  /** Resolves when everything that is under way has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}

type ReceptionOptions = ReceiverOptions & { offer: Offer; from: Sender; replies: Replies };

/** One transfer on its way in. */
class Reception {
  #exchange: Exchange;
  #options: ReceptionOptions;
  #offer: Offer;
  #offeredAt = performance.now();
  #acceptedAt = 0;
  #bytes = 0;
  #nextMessage: Promise<Message> | undefined;

  constructor(exchange: Exchange, options: ReceptionOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#offer = options.offer;
  }

  async run(): Promise<void> {
    try {
      if (!this.#isAnswered) {
        this.#reportOffered();
        const refusal = await this.#judge();
        if (refusal !== undefined) return await this.#refuse(refusal);
      }
      await this.#take();
    } catch (error) {
      await this.#stop(error);
    } finally {
      this.#exchange.end();
    }
  }

  /** Whether a hub brings it again after its end. */
  get #isAnswered(): boolean {
    return this.#options.replies.relayed?.isAnswered ?? false;
  }

  #reportOffered() {
    const { report, from } = this.#options;
    const { transfer, name, kind, size } = this.#offer;
    report({ event: "offered", transfer, from: from.name, name, kind, bytes: size });
  }

  /** Why this offer is not taken; undefined where it is. */
  async #judge(): Promise<Refusal | undefined> {
    const { acceptance, allowHidden, from } = this.#options;
    const refusal = judge(this.#offer, { ...acceptance, allowHidden });
    if (refusal !== undefined) return refusal;
    const reason = await acceptance.policy?.(this.#offer, from);
    if (reason !== undefined) return { code: "declined", reason };
    if (acceptance.ask === undefined || await acceptance.ask(this.#offer, from)) return undefined;
    return { code: "declined", reason: "the receiver declined it" };
  }

  /** A folder is taken whole or not at all: one file of a kind that is not taken ends it. */
  #judgeEntry(entry: ArchiveEntry) {
    const { kinds } = this.#options.acceptance;
    if (entry.folder || kinds === undefined || kinds.includes(entry.kind)) return;
    const path = entry.path.join("/");
    throw new StorageError(
      "kind",
      `"${path}" is of kind ${entry.kind}, and only ${kinds.join(", ")} is taken here`,
    );
  }

  async #take() {
    const { staging, from, space, replies: { relayed } } = this.#options;
    const part = await staging.claim(from.key, this.#offer, {
      accepts: (entry) => this.#judgeEntry(entry),
    });
    try {
      // Looked at only now that no other attempt has it any more.
      if (this.#isAnswered) return await this.#answerAgain(part);
      if (part.receipt !== undefined) return await this.#sendReceipt(part, part.receipt);
      if (await this.#existsAlready()) return await part.settle();
      const reserved = await space.reserve(this.#offer, part.offset);
      if ("code" in reserved) return await this.#refuse(reserved);
      using _reservation = reserved;
      const published = await this.#receive(part, reserved);
      reserved.keep();
      await this.#sendReceipt(part, published);
    } catch (error) {
      if (isWorthless(error) || relayed?.isFinal(this.#codeOf(error))) await part.discard();
      throw error;
    } finally {
      await part.release();
    }
  }

  async #answerAgain(part: Part) {
    await this.#options.replies.relayed!.answerAgain();
    await part.settle();
  }

  /** With `skip`, what has the name already is compared, not received (SPEC.md §8, `exists`). */
  async #existsAlready(): Promise<boolean> {
    const { onConflict, staging, replies } = this.#options;
    if (onConflict !== "skip") return false;
    const { name, size, folder } = this.#offer;
    const existing = await staging.existing(topName(name, this.#options), folder ? null : size);
    if (existing === undefined) return false;
    if (existing.sha256 === null || replies.exists === undefined) {
      await this.#refuse({ code: "exists", reason: "another one of this name is there already" });
    } else {
      await replies.exists(existing.sha256);
      await this.#settled();
    }
    return true;
  }

  /** The line of pipes: connection, open, meter, part. */
  async #receive(part: Part, reserved: Reservation): Promise<Published> {
    await this.#exchange.send({ type: "accept", offset: part.offset, digest: part.digest });
    this.#acceptedAt = performance.now();
    const run = await this.#run(part.offset);
    const stop = new AbortController();
    const receiving = this.#exchange.data
      .pipeThrough(
        new OpenStream(this.#dataKey(run), { firstChunk: (run.offset - run.start) / CHUNK_BYTES }),
      )
      .pipeThrough(
        new MeterStream(run.offset, {
          onBytes: (bytes) => this.#count(bytes, reserved),
          onProgress: () => this.#progress(),
        }),
      )
      .pipeTo(part.begin(run.offset), { signal: stop.signal });
    await this.#unlessCancelled(receiving, stop);
    return await part.publish(this.#offer.name, this.#options);
  }

  /** The run of chunks that follows: of the sender itself, or of what the hub has of it (SPEC.md §8, §16). */
  async #run(accepted: number): Promise<Run> {
    const message = await this.#exchange.receive();
    if (message.type === "cancel") throw new Cancelled(message);
    const run = message.type === "begin"
      ? { ...message, start: message.offset }
      : message.type === "run"
      ? message
      : undefined;
    const fits = run !== undefined && [0, accepted].includes(run.offset) &&
      run.start <= run.offset &&
      (run.offset - run.start) % CHUNK_BYTES === 0;
    if (fits) return run;
    throw new P2pError("protocol", `"${message.type}" is no answer to an accept at ${accepted}`);
  }

  #dataKey({ salt, start }: Run): Uint8Array {
    return deriveDataKey(fromBase64url(this.#offer.key), {
      salt: fromBase64url(salt),
      transferId: fromHex(this.#offer.transfer),
      offset: start,
    });
  }

  /** Waits for the pipes; a `cancel` of the sender ends them. */
  async #unlessCancelled(receiving: Promise<void>, stop: AbortController) {
    const cancelled = this.#next().then((message) => {
      if (message.type === "cancel") throw new Cancelled(message);
      return receiving; // A `settled` that is too early waits until it is asked for.
    });
    try {
      await Promise.race([receiving, cancelled]);
    } catch (error) {
      cancelled.catch(() => {});
      stop.abort(error);
      await receiving.catch(() => {});
      throw error;
    }
    cancelled.catch(() => {});
  }

  /** The sender's next message after `begin`; one promise, so that nobody takes it from somebody else. */
  #next(): Promise<Message> {
    this.#nextMessage ??= this.#exchange.receive();
    return this.#nextMessage;
  }

  async #sendReceipt(part: Part, published: Published) {
    await this.#options.replies.receipt(published).catch(() => {});
    this.#reportReceived(published);
    if (await this.#settled() && await this.#isRemembered()) await part.settle();
  }

  /** Whether the part is not needed to answer once more: it says so only where that is on disk. */
  async #isRemembered(): Promise<boolean> {
    const { relayed } = this.#options.replies;
    return await relayed?.remembered().then(() => true, () => false) ?? true;
  }

  #settled(): Promise<boolean> {
    return this.#next().then(({ type }) => type === "settled", () => false);
  }

  async #refuse({ code, reason }: Refusal) {
    const { from, report, replies } = this.#options;
    await replies.refuse(code, reason).catch(() => {});
    report({
      event: "refused",
      transfer: this.#offer.transfer,
      from: from.name,
      name: this.#offer.name,
      reason,
    });
  }

  /** Ends a transfer that did not get through: the sender is told, unless it is the one who said so. */
  async #stop(failure: unknown) {
    const { from, report, replies } = this.#options;
    const { transfer, name } = this.#offer;
    const isOfSystem = systemCode(failure) !== "" && !(failure instanceof P2pError);
    const error = isOfSystem ? storageError(`cannot receive "${name}"`, failure) : failure;
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Cancelled) && !this.#exchange.isOver) {
      await replies.cancel(this.#codeOf(error), reason).catch(() => {});
    }
    report({ event: "interrupted", transfer, from: from.name, name, bytes: this.#bytes, reason });
  }

  /** What to tell the sender; a session that has failed says nothing about the transfer. */
  #codeOf(error: unknown): CancelCode {
    if (this.#exchange.isOver) return "interrupted";
    if (error instanceof StorageError) return error.reason;
    return error instanceof P2pError && error.code === "protocol" ? "corrupt" : "interrupted";
  }

  /** What nobody knew the size of is held to the limits as it comes; else storage counts what was declared. */
  #count(bytes: number, reserved: Reservation) {
    const { size } = this.#offer;
    this.#bytes = size === null ? bytes : Math.min(bytes, size);
    if (size !== null) return;
    const { maxBytes = Infinity } = this.#options.acceptance;
    if (bytes > maxBytes) {
      throw new StorageError("size", `it has more than the ${maxBytes} bytes that are taken here`);
    }
    const noRoom = reserved.grow(bytes);
    if (noRoom !== undefined) throw new StorageError(noRoom.code, noRoom.reason);
  }

  #progress() {
    const { transfer, name, size } = this.#offer;
    this.#options.report({ event: "progress", transfer, name, bytes: this.#bytes, total: size });
  }

  #reportReceived({ bytes, sha256, path, resumedAt }: Published) {
    const { transfer, name, kind, folder, files, text } = this.#offer;
    const acceptedAt = this.#acceptedAt || performance.now();
    this.#options.report({
      event: "received",
      ...{ transfer, from: this.#options.from.name, name, kind, bytes, sha256, path },
      latency: tenths(acceptedAt - this.#offeredAt),
      duration: tenths(performance.now() - acceptedAt),
      resumedAt,
      ...(folder ? { files } : {}),
      ...(text ? { text } : {}),
    });
  }
}

/** A run of chunks: where it goes on in the content stream, and where its counter began (SPEC.md §16). */
interface Run {
  offset: number;
  start: number;
  salt: string;
}

/** The sender has ended it. */
class Cancelled extends Error {
  readonly why: CancelCode;

  constructor({ code, reason }: Message<"cancel">) {
    super(reason);
    this.why = code;
  }
}

/** What is told when nothing more of a transfer will come: its source has changed, or the hub has no more of it. */
const GIVEN_UP: readonly CancelCode[] = ["changed", "damaged", "quota"];

/** Whether what arrived is of no use: not what was declared, or the first half of what will not go on. */
function isWorthless(error: unknown): boolean {
  if (error instanceof Cancelled) return GIVEN_UP.includes(error.why);
  return error instanceof StorageError && !["space", "disk"].includes(error.reason);
}
