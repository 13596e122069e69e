import { basename, resolve } from "node:path";
import { asP2pError, P2pError } from "../errors.ts";
import { checkSource, openSource } from "../transfer/source/open_source.ts";
import type { Source, SourceOptions } from "../transfer/source/source.ts";
import { stdinSource, textSource } from "../transfer/source/stdin_source.ts";

/**
 * One thing to send: its name in messages, its path for the log of what goes out, and how to open
 * it.
 */
export interface Item {
  label: string;
  path: string;
  /** Throws what can be known before a hub is asked: that it is missing, or may not be read. */
  check?: () => Promise<void>;
  open: () => Promise<Source>;
}

/** An item that cannot be sent, and why. */
export interface FaultyItem {
  item: Item;
  error: P2pError;
}

/** Looks at all items before a hub is asked: local faults come first. */
export async function checkItems(
  items: readonly Item[],
): Promise<{ ready: Item[]; faulty: FaultyItem[] }> {
  const errors = await Promise.all(
    items.map((item) => item.check?.().then(() => undefined, asP2pError)),
  );
  return {
    ready: items.filter((_, i) => errors[i] === undefined),
    faulty: items.flatMap((item, i) => errors[i] === undefined ? [] : [{ item, error: errors[i] }]),
  };
}

/** A file or folder to send, under another name where `as` gives one. */
export function fileItem(file: string, options: SourceOptions = {}): Item {
  const path = resolve(file);
  return {
    label: basename(path),
    path,
    check: () => checkSource(file, options),
    open: () => openSource(file, options),
  };
}

/** A snippet of text to send. */
export function textItem(text: string, name = "message.txt"): Item {
  return { label: name, path: `text:${text}`, open: () => Promise.resolve(textSource(text, name)) };
}

/** Standard input to send, or another stream; it can be opened once. */
export function streamItem(stream: ReadableStream<Uint8Array<ArrayBuffer>>, as: string): Item {
  let opened = false;
  const open = () => {
    if (opened) return Promise.reject(cannotReadAgain());
    opened = true;
    return stdinSource(stream, as);
  };
  return { label: as, path: "-", open };
}

function cannotReadAgain(): P2pError {
  const message = "the connection was lost, and standard input cannot be read again";
  return new P2pError("connection", message, { hint: "write it to a file first, and send that" });
}
