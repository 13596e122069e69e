import { toBase64url } from "../../bytes.ts";
import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import {
  type Batch,
  type CancelCode,
  type Message,
  OFFER_FIELDS,
  type Receipt,
  type RefuseCode,
} from "../../protocol/messages.ts";
import { fieldsOf } from "../../protocol/schema.ts";
import type { Session } from "../../protocol/session.ts";
import { randomBytes } from "../../secure/random.ts";
import { stopOnAbort, tellLocalError } from "../cancel.ts";
import type { Delivered, Report } from "../events.ts";
import { EarlyDigest } from "../source/early_digest.ts";
import type { Source } from "../source/source.ts";
import { StallWatch } from "../stall_watch.ts";
import { answerTo, type ContentPipe, fliesAhead, pipeContent } from "./content_pipe.ts";
import { deliveredEvent } from "./delivered.ts";

/** Options of {@link sendTransfer}. */
export interface SendOptions {
  /** The transfer id, 32 hex digits, the same in every run. */
  transfer: string;
  /** True where the receiver may have a part of it. */
  begun?: boolean;
  /** True where the source may have another content than in the run that began it. */
  isTouched?: boolean;
  /** What it is sent together with. */
  batch?: Batch | undefined;
  /** SHA-256 of the content, where the receiver had that under this name before; else null. */
  sha256?: string | null;
  /** The receiver's name, for the events; nothing is told of a transfer before it is known. */
  to: string | Promise<string>;
  report: Report;
  /** Notes the receipt, before the receiver may forget the transfer. */
  onReceipt: (delivered: Delivered) => Promise<void>;
  /** Most bytes a second; undefined for as many as there can be. */
  limit?: number | undefined;
  signal: AbortSignal;
}

/**
 * Sends `source` over `session` (SPEC.md §8) and returns once the receiver has it on disk. Throws
 * `P2pError`: "refused" with the receiver's reason, "local" where the source cannot be read or has
 * changed, "connection" where that was lost.
 */
export async function sendTransfer(
  session: Session,
  source: Source,
  options: SendOptions,
): Promise<Delivered> {
  const exchange = session.open();
  try {
    using _ = stopOnAbort(exchange, options.signal);
    using stalls = new StallWatch(exchange, {
      ...{ ...options, name: source.name, peer: "the receiver" },
    });
    const delivered = await offerAndSend(exchange, source, { ...options, stalls });
    await options.onReceipt(delivered);
    // It is delivered, whatever becomes of the connection.
    await exchange.send({ type: "settled" }).catch(() => {});
    return delivered;
  } catch (error) {
    await tellLocalError(exchange, error);
    throw error;
  } finally {
    exchange.end();
  }
}

type WatchedOptions = SendOptions & { stalls: StallWatch };

async function offerAndSend(
  exchange: Exchange,
  source: Source,
  options: WatchedOptions,
): Promise<Delivered> {
  const offeredAt = performance.now();
  const key = randomBytes(32);
  // A source without a stamp may not be there to be read a second time.
  const mayGoOn = options.begun && source.stamp !== null;
  await using early = mayGoOn ? new EarlyDigest(source) : undefined;
  const { sha256 = null } = options;
  const ahead = fliesAhead(source, { ...options, digests: [sha256] });
  options.stalls.missing = "no answer to the offer yet";
  await exchange.send(offerOf(source, { ...options, key, ahead }));
  await using flight = ahead
    ? await pipeContent(exchange, { ...options, source, key, offset: 0 })
    : undefined;
  const answer = await exchange.receive();
  const answeredAt = performance.now();
  const settled = await receiptFor(answer, { exchange, source, early, flight, key, options });
  const latency = answeredAt - offeredAt;
  const duration = performance.now() - answeredAt;
  const to = await options.to;
  return deliveredEvent(settled.receipt, { source, ...options, to, ...settled, latency, duration });
}

/** The receipt; `already` where the receiver had it all before. */
interface Settled {
  receipt: Receipt;
  already?: true;
}

interface Context {
  exchange: Exchange;
  source: Source;
  early: EarlyDigest | undefined;
  /** The run that was begun with the offer. */
  flight: ContentPipe | undefined;
  key: Uint8Array;
  options: WatchedOptions;
}

/** Does what the answer to the offer asks for, to the receipt. */
function receiptFor(answer: Message, context: Context): Promise<Settled> | Settled {
  switch (answer.type) {
    case "accept":
      return sendContent(answer, context);
    case "receipt":
      return checkReceipt(answer, context);
    case "already":
      return receiptOf(answer, context);
    case "refuse":
      throw refused(answer.reason, context.source, answer.code);
    case "cancel":
      throw cancelled(answer, context.source);
    default:
      throw new P2pError("protocol", `expected an answer to an offer, got "${answer.type}"`);
  }
}

/** The receipt of an earlier run, unless it is for another content. */
async function checkReceipt(receipt: Receipt, context: Context): Promise<Settled> {
  const { source, early, options, exchange } = context;
  if (!options.isTouched || await (early ?? source).digest(Infinity) === receipt.sha256) {
    return { receipt, already: true };
  }
  await exchange.send({ type: "settled" });
  // The receiver has forgotten it now: offered once more, it is new.
  throw new P2pError("connection", `"${source.name}" was sent before, with another content`);
}

async function sendContent(accept: Message<"accept">, context: Context): Promise<Settled> {
  const { exchange, source, options } = context;
  await using pipe = await runFor(accept, context);
  options.stalls.missing = undefined; // Before all is sent no answer is due.
  pipe.sent.then(() => options.stalls.missing = "no receipt yet", () => {});
  const answer = await answerTo(pipe.sent, exchange.receive());
  if (answer.type === "receipt") {
    pipe.arrived();
    return { receipt: answer };
  }
  if (answer.type === "cancel") throw cancelled(answer, source);
  throw new P2pError("protocol", `expected a receipt, got "${answer.type}"`);
}

/** The first flight where it was taken, else a run from where both sides agree. */
async function runFor(accept: Message<"accept">, context: Context): Promise<ContentPipe> {
  const { exchange, source, early, flight, key, options } = context;
  if (flight !== undefined && accept.taken) return flight;
  await flight?.[Symbol.asyncDispose]();
  const offset = await agreedOffset(accept, context);
  await early?.stop();
  return await pipeContent(exchange, { ...options, source, key, offset });
}

/**
 * The offset to go on from: where the receiver stands, if our content begins as its part does; else
 * the start (SPEC.md §8).
 */
async function agreedOffset(
  accept: Message<"accept">,
  { source, early }: Context,
): Promise<number> {
  if (accept.offset === 0) return 0;
  if (source.size !== null && !source.folder && accept.offset > source.size) return 0;
  const digest = await (early ?? source).digest(accept.offset);
  return digest === accept.digest ? accept.offset : 0;
}

/** What stands for a receipt where the receiver has that very content; of no other can it say so. */
function receiptOf({ savedAs, sha256, bytes }: Message<"already">, { options }: Context): Settled {
  if (sha256 !== (options.sha256 ?? null)) {
    throw new P2pError("protocol", 'got "already" for content that was not named');
  }
  return { receipt: { savedAs, sha256, bytes, resumedAt: bytes }, already: true };
}

function refused(reason: string, source: Source, code?: RefuseCode): P2pError {
  const detail = code === "busy" ? code : undefined;
  return new P2pError("refused", `"${source.name}" was refused: ${reason}`, { detail });
}

/** Codes of what may go well at the next try. */
const TRANSIENT: readonly CancelCode[] = ["interrupted", "corrupt"];

function cancelled({ code, reason }: Message<"cancel">, source: Source): P2pError {
  const kind = TRANSIENT.includes(code) ? "connection" : "refused";
  return new P2pError(kind, `the receiver stopped "${source.name}": ${reason}`);
}

function offerOf(
  source: Source,
  { transfer, batch, sha256 = null, key, ahead }: SendOptions & {
    key: Uint8Array;
    ahead: boolean;
  },
) {
  const fields = { ...fieldsOf(OFFER_FIELDS, source), batch: batch ?? null, sha256 };
  return { type: "offer" as const, transfer, ...fields, key: toBase64url(key), ahead };
}
