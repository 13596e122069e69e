import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import type { CancelCode, Message, OutcomeCode } from "../../protocol/messages.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { ChunkReader, LostChunk } from "./chunk_reader.ts";
import type { SpooledAttempt } from "../spool/spool_record.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** What came of a delivery: an outcome, or when to try again. */
export type DeliveryResult = Pick<Message<"answer">, "code" | "sealed"> | "at once" | "later";

/** Who gets what, and when to stop. */
export interface DeliveryOptions {
  transfer: SpooledTransfer;
  /** The receiver's name. */
  to: string;
  sealed: string;
  signal: AbortSignal;
}

/** Takes a transfer to one receiver in an exchange of its own (SPEC.md §16). */
export async function deliverOnce(
  exchange: Exchange,
  options: DeliveryOptions,
): Promise<DeliveryResult> {
  const { transfer: { relay }, sealed } = options;
  const { transfer, from: { name: from }, size } = relay;
  await exchange.send({ type: "delivery", transfer, from, sealed, size });
  const reply = await exchange.receive();
  if (reply.type === "answer") return reply;
  if (reply.type !== "accept") return "later";
  try {
    return await passOn(exchange, { ...options, offset: reply.offset });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await exchange.send({ type: "cancel", code: error.code, reason: error.message });
    return error.result;
  }
}

type PassOptions = DeliveryOptions & { offset: number };

/** Passes one run of the sender on; an answer may come before its end. */
async function passOn(exchange: Exchange, options: PassOptions): Promise<DeliveryResult> {
  const { transfer } = options;
  const chunk = await firstChunk(options);
  const run = transfer.runAt(chunk);
  await exchange.send({
    type: "run",
    offset: chunk * CHUNK_BYTES,
    start: run.chunk * CHUNK_BYTES,
    salt: run.salt,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const passing = ReadableStream.from(chunksOf(run, { ...options, chunk, signal }))
    .pipeTo(exchange.writable, { signal });
  const answering = exchange.receive();
  for (const promise of [passing, answering]) promise.catch(() => {}); // Who waits for it is told.
  try {
    await Promise.race([passing, answering]);
    const reply = await answering;
    return reply.type === "answer" ? reply : "later";
  } finally {
    stop.abort();
    await passing.catch(() => {});
  }
}

/** Where to go on for a receiver that has everything up to `offset`, once that is here. */
async function firstChunk({ transfer, offset, to, signal }: PassOptions): Promise<number> {
  const chunk = offset / CHUNK_BYTES;
  if (!Number.isInteger(chunk)) throw new P2pError("protocol", `${offset} is not at a chunk`);
  while (transfer.chunks <= chunk && !transfer.stored) {
    checkGoesOn(transfer, to);
    await transfer.changes.wait(signal);
    signal.throwIfAborted();
  }
  // It has the last chunk, and not the end: that cannot be told without a chunk.
  return chunk < transfer.chunks ? chunk : 0;
}

/**
 * The chunks of one run, also while they still come in, each behind the room for its frame's
 * header.
 */
async function* chunksOf(
  run: SpooledAttempt,
  { transfer, to, chunk, signal }: DeliveryOptions & { chunk: number },
): AsyncGenerator<Uint8Array> {
  using reader = new ChunkReader(transfer);
  for (let at = chunk;; at++) {
    while (at >= transfer.runEnd(run)) {
      if (transfer.isLast(run) && transfer.stored) return;
      checkGoesOn(transfer, to);
      if (!transfer.isLast(run)) throw cutOff();
      await transfer.changes.wait(signal);
      signal.throwIfAborted();
    }
    await transfer.pace?.turn();
    const buffer = await reader.read(at).catch((error) => {
      if (error instanceof LostChunk) return undefined;
      throw error;
    });
    // What was read may be of the next run already, or be gone with the last receiver.
    if (at >= transfer.runEnd(run)) throw cutOff();
    if (transfer.outcomes.has(to)) checkGoesOn(transfer, to);
    if (buffer === undefined) throw lostPart();
    yield buffer;
    transfer.noteSent(to, at + 1);
  }
}

/** Throws why no more chunks are to be expected for this receiver. */
function checkGoesOn(transfer: SpooledTransfer, to: string) {
  const outcome = transfer.outcomes.get(to);
  if (outcome !== undefined) {
    const code = isCancelCode(outcome.code) ? outcome.code : "interrupted";
    throw new Stopped(code, "it was given up", "at once");
  }
  if (!transfer.isComing) throw cutOff();
}

function isCancelCode(code: OutcomeCode): code is CancelCode {
  return code !== "delivered" && code !== "expired";
}

/** No more is passed on; `code` is told to the receiver. */
class Stopped extends Error {
  readonly code: CancelCode;
  readonly result: DeliveryResult;

  constructor(code: CancelCode, message: string, result: DeliveryResult) {
    super(message);
    this.code = code;
    this.result = result;
  }
}

function cutOff(): Stopped {
  return new Stopped("interrupted", "the sender was cut off", "at once");
}

function lostPart(): Stopped {
  const result = { code: "damaged" as const, sealed: null };
  return new Stopped("damaged", "the hub has lost a part of it", result);
}
