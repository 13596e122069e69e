import { basename, resolve } from "node:path";
import { P2pError } from "../errors.ts";
import { checkedPath } from "../storage/safe_path.ts";
import { StorageError, storageError } from "../storage/storage_error.ts";
import { whatIs } from "./file_facts.ts";
import { openFileSource } from "./file_source.ts";
import { openFolderSource } from "./folder_source.ts";
import type { Kind } from "./kind.ts";

/** What a sender reads: the fields of its offer, and the content stream (SPEC.md §8). */
export interface Source {
  readonly name: string;
  readonly kind: Kind;
  /** Bytes of all files; null where nobody knows them yet. */
  readonly size: number | null;
  readonly folder: boolean;
  readonly files: number;
  /** Milliseconds, or null. */
  readonly modified: number | null;
  readonly executable: boolean;
  readonly text: boolean;
  /** Hex digest that is the same in a later run if nothing has changed; null where the source cannot be read again. */
  readonly identity: string | null;
  /** What a folder holds and an archive cannot: links, sockets, devices, FIFOs. */
  readonly leftOut: readonly LeftOut[];
  /** SHA-256 in hex of the content stream up to `offset`, or of all of it where it is shorter. */
  digest(offset: number): Promise<string>;
  /** Content stream from `offset`: fresh chunks of `CHUNK_BYTES`, the last may be shorter; to be read or cancelled. */
  stream(offset: number): ReadableStream<Uint8Array>;
  /** Lets go of what is open. */
  close(): Promise<void>;
}

/** One thing that is not sent, and why: a symbolic link, a FIFO, a socket, a device. */
export interface LeftOut {
  readonly path: string;
  readonly what: string;
}

/** How to open a source: `as` is its name at the receiver. */
export interface SourceOptions {
  readonly as?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a regular file or a folder for sending; links on the way are followed. Throws `P2pError` "local" or "refused". */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const info = await statSource(path);
  const name = sourceName(options.as ?? basename(resolve(path)));
  const found = { path: resolve(path), name, info, signal: options.signal };
  if (info.isDirectory) return await openFolderSource(found);
  if (info.isFile) return await openFileSource(found);
  const hint = "send its output: `… | p2p send - --as NAME`";
  throw new StorageError("disk", `cannot send "${path}": it is ${whatIs(info)}`, { hint });
}

/** A name that every receiver takes (SPEC.md §13), or `P2pError` "refused". */
export function sourceName(name: string): string {
  try {
    return checkedPath([name])[0]!;
  } catch (cause) {
    const hint = "give it another name with `--as NAME`";
    throw new P2pError("refused", `cannot send "${name}": ${(cause as Error).message}`, {
      hint,
      cause,
    });
  }
}

async function statSource(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    throw storageError(`cannot send "${path}"`, cause);
  }
}
