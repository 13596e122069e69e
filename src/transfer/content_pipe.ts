import { randomBytes } from "node:crypto";
import { fromHex, toBase64url } from "../bytes.ts";
import { DATA_HEADROOM_BYTES } from "../protocol/channel.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { deriveDataKey, SealStream } from "../secure/sealed_stream.ts";
import type { Report } from "./events.ts";
import { LimitStream } from "./limit_stream.ts";
import { MeterStream } from "./meter_stream.ts";
import type { Source } from "./source/source.ts";

/** How the content of one transfer is sent. */
export interface ContentOptions {
  /** The transfer id, 32 hex digits, the same in every attempt. */
  transfer: string;
  /** The transfer key, 32 bytes. */
  key: Uint8Array;
  /** Where this attempt begins in the content stream. */
  offset: number;
  report: Report;
  /** Most bytes a second; undefined for as many as there can be. */
  limit?: number | undefined;
  signal: AbortSignal;
}

/** An attempt that is under way. */
export interface ContentPipe extends AsyncDisposable {
  /** Settles when all is sent, or cannot be. */
  readonly sent: Promise<void>;
}

/** Begins an attempt and sends the content: source, meter, limit, seal, connection (SPEC.md §8, §9). */
export async function pipeContent(
  exchange: Exchange,
  { source, ...options }: ContentOptions & { source: Source },
): Promise<ContentPipe> {
  const { transfer, key, offset, limit, report, signal } = options;
  const salt = randomBytes(32);
  await exchange.send({ type: "begin", offset, salt: toBase64url(salt) });
  const dataKey = deriveDataKey(key, { salt, transferId: fromHex(transfer), offset });
  const meter = new MeterStream(offset, {
    onProgress: (bytes) => report(progress(source, { transfer, bytes })),
  });
  const stop = new AbortController();
  const stopped = AbortSignal.any([stop.signal, signal]);
  const limited = limit === undefined ? [] : [new LimitStream(limit, stopped)];
  const sent = [meter, ...limited, new SealStream(dataKey, { headroom: DATA_HEADROOM_BYTES })]
    .reduce((stream, transform) => stream.pipeThrough(transform), source.stream(offset))
    .pipeTo(exchange.writable, { signal: stopped });
  sent.catch(() => {}); // Whoever waits for it is told.
  return {
    sent,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await sent.catch(() => {});
    },
  };
}

function progress(
  { name, size }: Source,
  { transfer, bytes }: { transfer: string; bytes: number },
) {
  const shown = size === null ? bytes : Math.min(bytes, size);
  return { event: "progress" as const, transfer, name, bytes: shown, total: size };
}
