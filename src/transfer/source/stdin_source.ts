import { StorageError } from "../../storage/storage_error.ts";
import { kindOf } from "./kind.ts";
import { PLAIN_OFFER, type Source, sourceName } from "./source.ts";
import { exactChunks, prefixDigest, readAhead } from "./chunks.ts";

/**
 * Standard input as a {@link Source} of unknown size, once its first bytes are there. It can be
 * read once, from 0.
 */
export async function stdinSource(
  readable: ReadableStream<Uint8Array>,
  name: string,
): Promise<Source> {
  const sent = sourceName(name);
  const reader = readable.getReader();
  const first = await reader.read();
  let isRead = false;
  return {
    ...PLAIN_OFFER,
    name: sent,
    kind: kindOf(first.value ?? new Uint8Array(0), sent),
    stamp: null,
    exactStamp: null,
    isReadOnce: true,
    leftOut: [],
    missing: [],
    digest: (offset) => offset === 0 ? prefixDigest([], 0) : Promise.reject(readOnce(sent)),
    stream(offset) {
      if (isRead || offset !== 0) throw readOnce(sent);
      isRead = true;
      return readAhead(exactChunks(remaining(first, reader)));
    },
    close: () => reader.cancel(),
  };
}

/** Text typed by a person as a {@link Source}. */
export function textSource(text: string, name: string): Source {
  const bytes = new TextEncoder().encode(text);
  const chunks = (offset: number) => exactChunks(oneChunk(bytes.subarray(offset)));
  return {
    ...PLAIN_OFFER,
    name: sourceName(name),
    size: bytes.length,
    text: true,
    stamp: null,
    exactStamp: null,
    leftOut: [],
    missing: [],
    digest: (offset) => prefixDigest(chunks(0), offset),
    stream: (offset) => readAhead(chunks(offset)),
    close: () => Promise.resolve(),
  };
}

async function* remaining(
  first: ReadableStreamReadResult<Uint8Array>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

function readOnce(name: string): StorageError {
  const hint = "write it to a file first, and send that";
  return new StorageError(
    "disk",
    `cannot go on with "${name}": standard input can be read only once`,
    { hint },
  );
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
