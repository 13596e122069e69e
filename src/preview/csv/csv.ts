import { formatBytes, formatCount } from "../../units.ts";
import { cellType } from "./cell_type.ts";
import { readCsvRows } from "./csv_rows.ts";
import { decodeText } from "../text/decode_text.ts";
import { fitText } from "../text/fit_text.ts";
import type { Head } from "../text/head.ts";
import type { PreviewOptions } from "../options.ts";
import { paint, type Span } from "../text/spans.ts";
import { layTable } from "./table.ts";

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
 * what is not shown.
 */
export async function previewCsv(head: Head, options: PreviewOptions): Promise<string[]> {
  const { text, encoding } = decodeText(head);
  const { rows, delimiter, unclosedQuote } = await readCsvRows(text, head.whole);
  const { header, body } = splitHeader(rows);
  const shown = body.slice(0, options.previewRows);
  const { lines, shownColumns } = layTable(header, shown, options.columns);

  const facts = [
    delimiter === "\t" ? "TSV" : "CSV",
    countRows(body.length, head) + formatCount(header.length, "column"),
    DELIMITER_NAMES[delimiter]!,
    encoding,
    formatBytes(head.size),
  ].join(" · ");
  const notes: Span[] = [
    ...rowsNotShown(shown.length, body.length, head),
    ...columnsNotShown(header.slice(shownColumns)),
    ...(unclosedQuote ? ["a quote is opened and never closed"] : []),
  ].map((note) => ({ text: fitText(note, options.columns), style: "dim" }));
  return [
    ...(rows.length > 0 ? lines : []),
    [{ text: fitText(facts, options.columns), style: "dim" } as const],
    ...notes.map((note) => [note]),
  ].map((line) => paint(line, options.color));
}

/**
 * The first row is the header, unless it holds a number or a date; then the columns are numbered.
 */
function splitHeader(rows: string[][]): { header: string[]; body: string[][] } {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const names = Array.from({ length: columns }, (_, i) => rows[0]?.[i] ?? "");
  const isData = names.some((name) => ["num", "date"].includes(cellType(name)));
  return isData
    ? { header: names.map((_, i) => `${i + 1}`), body: rows }
    : { header: names, body: rows.slice(1) };
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
