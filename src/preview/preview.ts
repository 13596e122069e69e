import { P2pError } from "../errors.ts";
import { isText, KIND_HEAD_BYTES, kindOf } from "../transfer/source/kind.ts";
import { CSV_HEAD_BYTES, previewCsv } from "./csv/csv.ts";
import { fitText } from "./text/fit_text.ts";
import { readHead } from "./text/head.ts";
import { previewImage } from "./image/image.ts";
import { JSON_HEAD_BYTES, previewJson } from "./json/json.ts";
import type { PreviewOptions } from "./options.ts";
import { previewOther } from "./other.ts";
import { paint } from "./text/spans.ts";
import { previewText, TEXT_HEAD_BYTES } from "./text/text.ts";

/**
 * Shows a file as lines for the terminal: a picture, a table, JSON or text, bounded in all they
 * take; else its type and size. Never throws: a preview that fails or is refused is one line that
 * says why.
 */
export async function preview(path: string, options: PreviewOptions): Promise<string[]> {
  try {
    return await previewByKind(path, options);
  } catch (error) {
    const text = fitText(`no preview: ${reasonOf(error)}`, options.columns);
    return [paint([{ text, style: "dim" }], options.color)];
  }
}

async function previewByKind(path: string, options: PreviewOptions): Promise<string[]> {
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new P2pError("refused", "it is not a regular file");
  const head = await readHead(path, KIND_HEAD_BYTES);
  if (head.size === 0) return previewOther(head, options);
  const kind = kindOf(head.bytes, path);
  if (kind === "image") return await previewImage(path, size, options);
  if (kind === "csv") return await previewCsv(await readHead(path, CSV_HEAD_BYTES), path, options);
  if (kind === "json") return await previewJson(await readHead(path, JSON_HEAD_BYTES), options);
  return isText(head.bytes)
    ? previewText(await readHead(path, TEXT_HEAD_BYTES), options)
    : previewOther(head, options);
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there";
  if (error instanceof Deno.errors.PermissionDenied) return "it cannot be read";
  return error instanceof Error ? error.message : String(error);
}
