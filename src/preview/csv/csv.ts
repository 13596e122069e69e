import { formatBytes, formatCount } from "../../units.ts";
import { readCsvRows } from "./csv_rows.ts";
import { decodeText } from "../text/decode_text.ts";
import { fitText } from "../text/fit_text.ts";
import type { Head } from "../text/head.ts";
import type { PreviewOptions } from "../options.ts";
import { paint, type Span } from "../text/spans.ts";
import { layTable } from "./table.ts";
import { splitTable } from "./table_parts.ts";

/** The bytes of a table that are read: some hundred rows, in a few milliseconds. */
export const CSV_HEAD_BYTES = 64 * 1024;

const DELIMITER_NAMES: Record<string, string> = {
  ",": "comma",
  ";": "semicolon",
  "\t": "tab",
  "|": "pipe",
};

/**
 * Shows a table, aligned: its first rows and as many columns as fit, and below it a caption and
 * what is not shown. `name` is the file's.
 */
export async function previewCsv(
  head: Head,
  name: string,
  options: PreviewOptions,
): Promise<string[]> {
  const { text, encoding } = decodeText(head);
  const csv = await readCsvRows(text, head.whole, name);
  const { above, header, body } = splitTable(csv.rows);
  const shown = body.slice(0, options.previewRows);
  const { lines, shownColumns } = layTable(header, shown, options.columns);
  const caption = [
    csv.delimiter === "\t" ? "TSV" : "CSV",
    countRows(body.length, head) + formatCount(header.length, "column"),
    ...(header.length > 1 ? [DELIMITER_NAMES[csv.delimiter] ?? `"${csv.delimiter}"`] : []),
    encoding,
    formatBytes(head.size),
  ].join(" · ");
  const notes = [
    caption,
    ...linesAbove(above),
    ...rowsNotShown(shown.length, body.length, head),
    ...columnsNotShown(header.slice(shownColumns)),
    ...(csv.unclosedQuote ? [unclosedNote(head)] : []),
    ...(csv.cut && shown.length === body.length
      ? ["the last line has no line end: it may be cut"]
      : []),
  ].map((note): Span[] => [{ text: fitText(note, options.columns), style: "dim" }]);
  return [...(csv.rows.length > 0 ? lines : []), ...notes]
    .map((line) => paint(line, options.color));
}

function linesAbove(above: string[]): string[] {
  if (above.length === 0) return [];
  return [`${formatCount(above.length, "line")} above the table: ${above.join(" / ")}`];
}

function unclosedNote({ whole, bytes }: Head): string {
  return whole
    ? "a quote is never closed"
    : `a quote is not closed in the first ${formatBytes(bytes.length)}`;
}

/**
 * Exact where the whole file was read, else what the part that was read makes likely, to two
 * digits.
 */
function countRows(seen: number, { whole, bytes, size }: Head): string {
  if (whole) return `${formatCount(seen, "row")} × `;
  if (seen === 0) return "";
  const likely = seen * (size / bytes.length);
  return `about ${formatCount(Number(likely.toPrecision(2)), "row")} × `;
}

function rowsNotShown(shown: number, seen: number, { whole, bytes }: Head): string[] {
  if (!whole && seen === 0) return [`no row ends in the first ${formatBytes(bytes.length)}`];
  if (!whole) return [`the first ${formatCount(shown, "row")} shown`];
  return shown < seen ? [`${formatCount(seen - shown, "more row")} not shown`] : [];
}

function columnsNotShown(names: string[]): string[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 10).map((name) => name.slice(0, 40)).join(", ");
  return [
    `${formatCount(names.length, "more column")} not shown: ${some}${
      names.length > 10 ? ", …" : ""
    }`,
  ];
}
