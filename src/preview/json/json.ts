import { formatBytes, formatCount } from "../../units.ts";
import { decodeText } from "../text/decode_text.ts";
import { cutLine } from "../text/fit_text.ts";
import type { Head } from "../text/head.ts";
import { layJsonError } from "./json_error.ts";
import { layJson } from "./json_layout.ts";
import { layInOneLine } from "./json_line.ts";
import { type JsonTree, readJson } from "./json_tree.ts";
import type { PreviewOptions } from "../options.ts";
import { paint, type Span } from "../text/spans.ts";

/**
 * The bytes of a JSON file that are read: a longer file is not checked to its end. More would take
 * 30 MB if it is hostile.
 */
export const JSON_HEAD_BYTES = 256 * 1024;

/**
 * Lays JSON out, or one line for each of several values (NDJSON), with a caption below. JSON that
 * is broken or has comments is shown as text, below the place where it is so.
 */
export async function previewJson(head: Head, options: PreviewOptions): Promise<string[]> {
  const { text, encoding } = decodeText(head);
  const tree = await readJson(text, head.whole);
  const { error, count } = tree;
  const isBroken = error !== undefined && !error.isComment;
  const body = error === undefined ? layRoots(tree, options) : layJsonError(text, error, options);
  const facts = [
    (count > 1 ? "NDJSON" : "JSON") + (error?.isComment ? " with comments" : ""),
    ...(isBroken ? [] : [describe(tree, head)]),
    ...(encoding === "UTF-8" ? [] : [encoding]),
    formatBytes(head.size),
    ...(head.whole && !isBroken && /\d$/.test(text) ? ["no line end: the number may be cut"] : []),
    ...(head.whole ? [] : [`the first ${formatBytes(head.bytes.length)} were read`]),
  ].join(" · ");
  const caption: Span = { text: facts, style: "dim" };
  return [...body, [caption]].map((line) => paint(cutLine(line, options.columns), options.color));
}

function layRoots({ roots, count }: JsonTree, { columns, previewRows }: PreviewOptions): Span[][] {
  return count > 1
    ? roots.slice(0, previewRows).map((root) => layInOneLine(root, columns))
    : roots.flatMap((root) => layJson(root, { width: columns, lines: previewRows }));
}

/**
 * Describes the value at the top: `array of 1,000 items`, `object with 5 keys`, `about 12,000
 * values, the first 20 shown`.
 */
function describe({ roots, count }: JsonTree, { whole, size, bytes }: Head): string {
  const root = roots[0];
  if (root === undefined) return "nothing in it";
  if (count > 1) {
    const likely = Number((count * size / bytes.length).toPrecision(2));
    return whole ? formatCount(count, "value") : `about ${formatCount(likely, "value")}`;
  }
  const atLeast = root.closed ? "" : "at least ";
  if (root.type === "object") return `object with ${atLeast}${formatCount(root.count, "key")}`;
  if (root.type === "array") return `array of ${atLeast}${formatCount(root.count, "item")}`;
  return root.type === "literal" ? root.text : `a ${root.type}`;
}
