import { detectDialect } from "./dialect.ts";
import { parseRows } from "./parse_rows.ts";

/** Rows of a table, as far as its head goes. */
export interface CsvRows {
  rows: string[][];
  delimiter: string;
  /** True where a quote is not closed: quotes are then read as characters like any other. */
  unclosedQuote: boolean;
  /** True where the last row is cut by the end of the head, or may be by that of the file. */
  cut: boolean;
}

/**
 * Reads the head of a table; `name` is the file's. Where it is not `whole`, the row that the end
 * cuts in two is left out, unless it is all there is below the header: then it ends in `…`.
 */
export async function readCsvRows(text: string, whole: boolean, name = ""): Promise<CsvRows> {
  const { dialect, table } = await detectDialect(text, name);
  const quoted = await parseRows(table, dialect);
  const unclosed = !quoted.closed && (whole || lengthOf(quoted.rows) < table.length / 2);
  const { rows, closed } = unclosed
    ? await parseRows(table, { ...dialect, quotes: false })
    : quoted;
  const ends = /[\r\n]$/.test(table);
  if (closed && !whole && !ends) cutLast(rows);
  return {
    rows: withoutBlanks(rows),
    delimiter: dialect.delimiter,
    unclosedQuote: unclosed,
    cut: whole && !ends,
  };
}

/** Characters of all cells, about as many as their text has. */
function lengthOf(rows: string[][]): number {
  return rows.reduce((sum, row) => row.reduce((all, cell) => all + cell.length + 1, sum), 0);
}

function cutLast(rows: string[][]): void {
  if (rows.length > 2) rows.pop();
  else rows.at(-1)?.push(`${rows.at(-1)!.pop()}…`);
}

/** Blank lines are no rows, but where there is one column: there they are its empty cells. */
function withoutBlanks(rows: string[][]): string[][] {
  const isTable = rows.some((row) => row.length > 1);
  const isBlank = (row: string[]) => row.length === 1 && row[0]!.trim() === "";
  const start = rows.findIndex((row) => !isBlank(row));
  if (start === -1) return [];
  return isTable ? rows.filter((row) => !isBlank(row)) : rows.slice(start);
}
