import type { OwnedBytes } from "../../buffer_pool.ts";
import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { FIRST_FLIGHT_CHUNKS } from "../../protocol/first_flight.ts";
import type { CancelCode, Message, OutcomeCode } from "../../protocol/messages.ts";
import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { trace } from "../../trace.ts";
import { ChunkReader, LostChunk } from "./chunk_reader.ts";
import type { SpooledRun } from "../spool/spool_record.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** The result of a delivery: an outcome, or when to try again. */
export type DeliveryResult = Pick<Message<"answer">, "code" | "sealed"> | "at once" | "later";

/** One transfer for one recipient, and when to stop. */
export interface Delivery {
  transfer: SpooledTransfer;
  /** The recipient's name. */
  to: string;
  /** The recipient's envelope. */
  sealed: string;
  signal: AbortSignal;
}

/** Takes a transfer to one recipient in an exchange of its own (SPEC.md §16). */
export async function deliverOnce(
  exchange: Exchange,
  delivery: Delivery,
): Promise<DeliveryResult> {
  const { transfer: { relay }, sealed } = delivery;
  const { transfer: transferId, from, size } = relay;
  const ahead = fliesAhead(delivery);
  const about = { transfer: transferId, from: from.name, sealed, size };
  await exchange.send({ type: "delivery", ...about, ahead });
  await using flight = ahead ? await startRun(exchange, delivery, 0) : undefined;
  const reply = await exchange.receive();
  if (reply.type === "answer") return reply;
  if (reply.type !== "accept") return "later";
  try {
    await using run = flight !== undefined && reply.taken
      ? flight
      : await runFrom(exchange, delivery, { offset: reply.offset, flight });
    return await answerTo(run, exchange);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await exchange.send({ type: "cancel", code: error.code, reason: error.message });
    return error.result;
  }
}

/**
 * True where all of it fits in a first flight (SPEC.md §8), and the recipient was brought nothing of
 * it before.
 */
function fliesAhead({ transfer: { relay: { size }, cursors, upload }, to }: Delivery): boolean {
  const isSmall = size !== null && size <= FIRST_FLIGHT_CHUNKS * CHUNK_BYTES;
  return isSmall && upload.chunks > 0 && cursors.bytesSent(to) === 0;
}

/** A run in place of the first flight, which was not taken. */
async function runFrom(
  exchange: Exchange,
  delivery: Delivery,
  { offset, flight }: { offset: number; flight: Passing | undefined },
): Promise<Passing> {
  await flight?.[Symbol.asyncDispose]();
  return await startRun(exchange, delivery, await firstChunk(delivery, offset));
}

/** Index of the chunk to go on at for a recipient that has all up to `offset`, once it is here. */
async function firstChunk(delivery: Delivery, offset: number): Promise<number> {
  const { transfer: { upload, changes }, signal } = delivery;
  const chunkIndex = offset / CHUNK_BYTES;
  if (!Number.isInteger(chunkIndex)) {
    throw new P2pError("protocol", `${offset} is not at a chunk`);
  }
  while (upload.chunks <= chunkIndex && !upload.isStored) {
    checkGoesOn(delivery);
    await changes.wait(signal);
    signal.throwIfAborted();
  }
  // It has the last chunk, and not the end: that cannot be told without a chunk.
  return chunkIndex < upload.chunks ? chunkIndex : 0;
}

/** A run that is passed on; it is stopped when it is disposed of. */
interface Passing extends AsyncDisposable {
  /** Settles when all of it was passed on, or cannot be. */
  readonly passed: Promise<void>;
}

/** Begins to pass one run of the sender on. */
async function startRun(
  exchange: Exchange,
  delivery: Delivery,
  chunkIndex: number,
): Promise<Passing> {
  const run = delivery.transfer.upload.runAt(chunkIndex);
  await exchange.send({
    type: "run",
    offset: chunkIndex * CHUNK_BYTES,
    start: run.start * CHUNK_BYTES,
    salt: run.salt,
  });
  traceRun(delivery, exchange, chunkIndex);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, delivery.signal]);
  const passed = ReadableStream.from(chunksOf(run, { ...delivery, signal }, chunkIndex))
    .pipeTo(exchange.writable, { signal });
  passed.catch(() => {}); // Rejects for those who wait for it.
  return {
    passed,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await passed.catch(() => {});
    },
  };
}

/** The answer to a run, which may come before its end. */
async function answerTo({ passed }: Passing, exchange: Exchange): Promise<DeliveryResult> {
  const answering = exchange.receive();
  answering.catch(() => {}); // Where passing on fails first, that is the reason.
  await Promise.race([passed, answering]);
  const reply = await answering;
  return reply.type === "answer" ? reply : "later";
}

/** The chunks of one run, also while they still come in, each behind the room for its header. */
async function* chunksOf(
  run: SpooledRun,
  delivery: Delivery,
  chunkIndex: number,
): AsyncGenerator<OwnedBytes> {
  const { transfer, to } = delivery;
  using reader = new ChunkReader(transfer);
  for (let at = chunkIndex; await isReady(run, delivery, at); at++) {
    await transfer.feed.turn();
    const chunk = await reader.read(at).catch(ifLost);
    // What was read may be of the next run already, or be gone with the last recipient.
    if (at >= transfer.upload.endOf(run)) throw cutOff();
    if (transfer.outcomes.has(to)) throw givenUp(delivery);
    if (chunk === undefined) throw lostPart();
    yield chunk;
    transfer.cursors.advance(to, at + 1);
  }
}

/** Waits for a chunk of `run`: true when it is here, false when `run` has ended before it. */
async function isReady(run: SpooledRun, delivery: Delivery, chunkIndex: number): Promise<boolean> {
  const { transfer: { upload, changes }, signal } = delivery;
  while (chunkIndex >= upload.endOf(run)) {
    if (upload.isLast(run) && upload.isStored) return false;
    checkGoesOn(delivery);
    if (!upload.isLast(run)) throw cutOff();
    await changes.wait(signal);
    signal.throwIfAborted();
  }
  return true;
}

function ifLost(error: unknown): undefined {
  if (!(error instanceof LostChunk)) throw error;
}

/** Throws the reason where no more chunks are to be expected for this recipient. */
function checkGoesOn(delivery: Delivery) {
  const { transfer, to } = delivery;
  if (transfer.outcomes.has(to)) throw givenUp(delivery);
  if (!transfer.upload.isComing) throw cutOff();
}

/** No more is passed on; `code` is for the recipient. */
class Stopped extends Error {
  readonly code: CancelCode;
  readonly result: DeliveryResult;

  constructor(code: CancelCode, message: string, result: DeliveryResult) {
    super(message);
    this.code = code;
    this.result = result;
  }
}

function givenUp({ transfer, to }: Delivery): Stopped {
  const { code } = transfer.outcomes.get(to)!;
  return new Stopped(isCancelCode(code) ? code : "interrupted", "it was given up", "at once");
}

function isCancelCode(code: OutcomeCode): code is CancelCode {
  return code !== "delivered" && code !== "expired" && code !== "withdrawn";
}

function cutOff(): Stopped {
  return new Stopped("interrupted", "the sender was cut off", "at once");
}

function lostPart(): Stopped {
  const result = { code: "damaged" as const, sealed: null };
  return new Stopped("damaged", "the hub has lost a part of it", result);
}

function traceRun({ transfer: { relay } }: Delivery, exchange: Exchange, chunkIndex: number) {
  if (!trace.relay.hasSubscribers) return;
  trace.relay.publish({
    ...{ what: "run started", state: true, exchange: exchange.number },
    ...{ transfer: relay.transfer.slice(0, 8), chunk: chunkIndex },
  });
}
