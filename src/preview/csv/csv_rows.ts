import type { parse as Parse } from "csv-parse";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

/** Rows of a table, as far as its head goes. */
export interface CsvRows {
  rows: string[][];
  delimiter: string;
  /**
   * True where a quote is opened and never closed: quotes are then read as characters like any
   * other.
   */
  unclosedQuote: boolean;
}

/** The rules by which a text is read. */
interface Dialect {
  delimiter: string;
  quotes: boolean;
}

const DELIMITERS = [",", ";", "\t", "|"];

/** The characters of the text by which the delimiter is detected. */
const SAMPLE_LENGTH = 4096;

/**
 * Characters parsed without a pause: a few milliseconds' worth, since the parser is slow on endless
 * cells.
 */
const SLICE_LENGTH = 4096;

/**
 * Reads the head of a table. Where it is not `whole`, the row that the end cuts in two is left out,
 * unless it is all there is below the header.
 */
export async function readCsvRows(text: string, whole: boolean): Promise<CsvRows> {
  const { parse } = await import("csv-parse");
  const delimiter = await detectDelimiter(parse, text.slice(0, SAMPLE_LENGTH));
  const { rows, closed } = await parseRows(parse, text, { delimiter, quotes: true });
  if (!closed && (whole || rows.length === 0)) {
    const unquoted = await parseRows(parse, text, { delimiter, quotes: false });
    return { rows: unquoted.rows, delimiter, unclosedQuote: whole };
  }
  if (closed && !whole && rows.length > 2) rows.pop();
  return { rows, delimiter, unclosedQuote: false };
}

/**
 * The delimiter that splits most rows into the same number of cells, more than one; a comma where
 * none does.
 */
async function detectDelimiter(parse: typeof Parse, sample: string): Promise<string> {
  let best = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    const { rows } = await parseRows(parse, sample, { delimiter, quotes: true });
    const columns = rows[0]?.length ?? 0;
    const alike = rows.filter((row) => row.length === columns).length / rows.length;
    const score = columns < 2 ? 0 : alike + Math.min(columns, 100) / 1000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** Rows up to the end, or up to a quote that is not `closed`. */
async function parseRows(
  parse: typeof Parse,
  text: string,
  { delimiter, quotes }: Dialect,
): Promise<{ rows: string[][]; closed: boolean }> {
  const rows: string[][] = [];
  const parser = parse({
    bom: true,
    delimiter,
    quote: quotes ? '"' : null,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  try {
    for await (const row of Readable.from(slices(text)).pipe(parser)) rows.push(row);
    return { rows, closed: true };
  } catch {
    return { rows, closed: false };
  }
}

async function* slices(text: string): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += SLICE_LENGTH) {
    yield text.slice(i, i + SLICE_LENGTH);
    await setImmediate();
  }
}
