import type { OwnedBytes } from "../../buffer_pool.ts";
import { fromHex, toBase64url } from "../../bytes.ts";
import { DATA_HEADROOM_BYTES } from "../../protocol/channel.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { randomBytes } from "../../secure/random.ts";
import { deriveDataKey, SealStream } from "../../secure/sealed_stream.ts";
import type { Report } from "../events.ts";
import type { Source } from "../source/source.ts";
import { GrantedProgress } from "./granted_progress.ts";
import { LimitStream } from "./limit_stream.ts";

/** The content of one transfer, and the place in it from which it is sent. */
export interface ContentOptions {
  source: Source;
  /** The transfer id, 32 hex digits, the same in every run. */
  transfer: string;
  /** The transfer key, 32 bytes. */
  key: Uint8Array;
  /** The place in the content stream at which this run begins. */
  offset: number;
  report: Report;
  /** Most bytes a second; undefined for as many as there can be. */
  limit?: number | undefined;
  signal: AbortSignal;
}

/**
 * True where the content may begin right behind the offer (SPEC.md §8): nothing of it may be there,
 * as far as is known, nobody pays for bytes that come twice, and it can be read again.
 */
export function fliesAhead(
  source: Source,
  { begun = false, limit, digests }: {
    begun?: boolean | undefined;
    limit?: number | undefined;
    /** Those by which it is offered to each receiver: what has one may be there. */
    digests: (string | null)[];
  },
): boolean {
  if (begun || limit !== undefined || source.isReadOnce) return false;
  return digests.every((digest) => digest === null);
}

/** A run that is under way; it is stopped when it is disposed of. */
export interface ContentPipe extends AsyncDisposable {
  /** Settles when all is sent, or cannot be. */
  readonly sent: Promise<void>;
  /** Reports that the other side has all of it. */
  arrived(): void;
}

/** Begins a run and sends the content: source, limit, seal, connection (SPEC.md §8, §9). */
export async function pipeContent(
  exchange: Exchange,
  options: ContentOptions,
): Promise<ContentPipe> {
  const { source, transfer, key, offset, limit, signal } = options;
  const salt = randomBytes(32);
  await exchange.send({ type: "begin", offset, salt: toBase64url(salt) });
  const dataKey = deriveDataKey(key, { salt, transferId: fromHex(transfer), offset });
  const stop = new AbortController();
  const stopped = AbortSignal.any([stop.signal, signal]);
  const limited = limit === undefined ? [] : [new LimitStream(limit, stopped)];
  const seal = new SealStream(dataKey, { headroom: DATA_HEADROOM_BYTES });
  const progress = new GrantedProgress(exchange, options);
  let bytes = offset;
  const count = new TransformStream<OwnedBytes, OwnedBytes>({
    transform(chunk, controller) {
      bytes += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const sent = [count, ...limited, seal]
    .reduce((stream, transform) => stream.pipeThrough(transform), source.stream(offset))
    .pipeTo(exchange.writable, { signal: stopped });
  sent.catch(() => {}); // Rejects for those who wait for it.
  return {
    sent,
    arrived: () => progress.end(bytes),
    async [Symbol.asyncDispose]() {
      progress[Symbol.dispose]();
      stop.abort();
      await sent.catch(() => {});
    },
  };
}

/**
 * The answer to content that is being sent; it may come before all is sent, which is of no use
 * then.
 */
export async function answerTo<T>(sent: Promise<void>, answering: Promise<T>): Promise<T> {
  answering.catch(() => {}); // Where sending fails first, that is the reason to tell.
  await Promise.race([sent, answering]);
  return await answering;
}
