import { fromBase64url, fromHex } from "../../bytes.ts";
import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import type { Message, Offer } from "../../protocol/messages.ts";
import { unpackChunk } from "../../protocol/packed_chunk.ts";
import { CHUNK_BYTES, deriveDataKey, OpenStream } from "../../secure/sealed_stream.ts";
import { Cancelled } from "./failure.ts";

/** The content that follows an `accept`. */
export interface IncomingRun {
  /** Its place in the content stream. */
  offset: number;
  /** Opened chunks, each as soon as it is checked. */
  content: ReadableStream<Uint8Array>;
}

/**
 * Waits for the run of chunks that follows an `accept` at `accepted`: of the sender itself, or of
 * what the hub has of it (SPEC.md §8, §16).
 */
export async function receiveRun(
  exchange: Exchange,
  { offer, accepted }: { offer: Offer; accepted: number },
): Promise<IncomingRun> {
  const message = await exchange.receive();
  if (message.type === "cancel") throw new Cancelled(message);
  const run = runOf(message);
  if (run === undefined || !follows(run, accepted)) {
    const due = accepted === 0 ? "0" : `0 or ${accepted}`;
    throw new P2pError("protocol", `expected a run from ${due}, got "${message.type}"`);
  }
  const firstChunk = (run.offset - run.start) / CHUNK_BYTES;
  const content = exchange.data.pipeThrough(
    new OpenStream(dataKey(run, offer), { firstChunk, unpack: unpackChunk }),
  );
  return { offset: run.offset, content };
}

/**
 * A run of chunks: its place in the content stream, and that where its counter began (SPEC.md §16).
 */
interface Run {
  offset: number;
  start: number;
  salt: string;
}

function runOf(message: Message): Run | undefined {
  if (message.type === "begin") return { ...message, start: message.offset };
  return message.type === "run" ? message : undefined;
}

/** Only from the start or from where the receiver stands, by whole chunks. */
function follows({ offset, start }: Run, accepted: number): boolean {
  return [0, accepted].includes(offset) && start <= offset && (offset - start) % CHUNK_BYTES === 0;
}

function dataKey({ salt, start }: Run, { key, transfer }: Offer): Uint8Array {
  return deriveDataKey(fromBase64url(key), {
    salt: fromBase64url(salt),
    transferId: fromHex(transfer),
    offset: start,
  });
}
