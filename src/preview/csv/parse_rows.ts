import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

/** The rules by which a text is read. */
export interface Dialect {
  delimiter: string;
  /** False where quotes are characters like any other. */
  quotes: boolean;
  /** What makes a quote part of a quoted cell: a second quote, or a backslash. */
  escape: '"' | "\\";
  /** True where spaces beside a delimiter are no part of a cell. */
  trim: boolean;
}

/** The rows of a text, up to its end or up to a quote that is never closed. */
export interface ParsedRows {
  rows: string[][];
  closed: boolean;
}

/** Line ends, in any mix. */
const LINE_ENDS = ["\r\n", "\n", "\r"];

/** Characters parsed without a pause: a few milliseconds' worth on endless cells. */
const SLICE_LENGTH = 4096;

/** Parses text into rows; a blank line is a row of one empty cell. */
export async function parseRows(text: string, dialect: Dialect): Promise<ParsedRows> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter: dialect.delimiter,
    quote: dialect.quotes ? '"' : null,
    escape: dialect.escape,
    trim: dialect.trim,
    record_delimiter: text.includes("\r") ? LINE_ENDS : "\n",
    relax_column_count: true,
    relax_quotes: true,
  });
  const rows: string[][] = [];
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
