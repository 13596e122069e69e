import { basename, resolve } from "node:path";
import { P2pError } from "../errors.ts";
import type { Item } from "./deliver.ts";
import { openSource } from "../transfer/source/open_source.ts";
import { stdinSource, textSource } from "../transfer/source/stdin_source.ts";

/** A file or folder to send, under another name where `as` gives one. */
export function fileItem(file: string, as?: string): Item {
  return {
    label: basename(resolve(file)),
    path: resolve(file),
    open: () => openSource(file, { as }),
  };
}

/** A snippet of text to send. */
export function textItem(text: string, name = "message.txt"): Item {
  return { label: name, path: `text:${text}`, open: () => Promise.resolve(textSource(text, name)) };
}

/** Standard input to send; it can be opened once. */
export function stdinItem(as: string): Item {
  let opened = false;
  const open = () => {
    if (opened) {
      return Promise.reject(
        new P2pError(
          "connection",
          "the connection was lost, and standard input cannot be read again",
          { hint: "write it to a file first, and send that" },
        ),
      );
    }
    opened = true;
    return stdinSource(Deno.stdin.readable, as);
  };
  return { label: as, path: "-", open };
}
