import { storageError } from "../../storage/storage_error.ts";
import { whatIs } from "../../transfer/source/source_stamp.ts";
import type { Kind } from "../../protocol/messages.ts";
import { isText, KIND_HEAD_BYTES, kindOf } from "../../transfer/source/kind.ts";
import type { Wanted } from "./path_choices.ts";

/** The reason why `path` is not what is wanted, in a few words; undefined where it is. */
export function pathError(path: string, { kind, folders }: Wanted): string | undefined {
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) return folders ? undefined : "this is a folder: Tab opens it";
    if (!info.isFile) return `this is ${whatIs(info)}, not a file`;
    const head = headOf(path);
    const found = kindOf(head, path);
    if (kind === undefined || found === kind) return undefined;
    return `not ${IN_WORDS[kind]}: this is ${found === "file" ? otherThan(head) : IN_WORDS[found]}`;
  } catch (error) {
    return storageError("it cannot be read", error).message;
  }
}

const IN_WORDS: Record<Kind, string> = {
  image: "an image",
  csv: "a CSV",
  json: "a JSON file",
  file: "a file",
};

function otherThan(head: Uint8Array): string {
  if (head.length === 0) return "empty";
  return isText(head) ? "text" : "something else";
}

function headOf(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const head = new Uint8Array(KIND_HEAD_BYTES);
  return head.subarray(0, file.readSync(head) ?? 0);
}
