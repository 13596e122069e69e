import { cellType } from "./cell_type.ts";
import { type Dialect, parseRows } from "./parse_rows.ts";

/** Delimiters that are tried; of two that read a text alike well, the first is taken. */
const DELIMITERS = [",", ";", "\t", "|"];

/** The characters of the text by which the dialect is detected. */
const SAMPLE_LENGTH = 4096;

/** The line by which a spreadsheet is told the delimiter. */
const SEPARATOR_LINE = /^"?sep=(\\t|[^"\r\n])"?[ ,;\t]*(?:\r\n|\n|\r|$)/i;

/** A quote within a quoted cell, as a backslash marks it and as a second quote does. */
const BACKSLASH_QUOTE = /[^\\]\\"(?![\r\n,;\t|]|$)/;
const DOUBLED_QUOTE = /[^\r\n,;\t|"]""[^\r\n,;\t|"]/;

/** A number whose decimals follow a comma. */
const DECIMAL_COMMA = /^[-+]?\d+(,\d+)?$/;

/** Tells by the beginning of a text and the file's name how it is read, and what of it is table. */
export async function detectDialect(
  text: string,
  name: string,
): Promise<{ dialect: Dialect; table: string }> {
  const line = SEPARATOR_LINE.exec(text);
  const table = text.slice(line?.[0].length ?? 0);
  const sample = table.slice(0, SAMPLE_LENGTH);
  const dialect: Dialect = {
    delimiter: ",",
    quotes: true,
    escape: BACKSLASH_QUOTE.test(sample) && !DOUBLED_QUOTE.test(sample) ? "\\" : '"',
    trim: false,
  };
  const delimiter = line !== null
    ? line[1]!.replace("\\t", "\t")
    : isTabbed(sample, name)
    ? "\t"
    : await voteDelimiter(sample, dialect);
  const trim = delimiter !== "\t" && sample.includes(`${delimiter} "`);
  return { dialect: { ...dialect, delimiter, trim }, table };
}

function isTabbed(sample: string, name: string): boolean {
  return /\.(tsv|tab)$/i.test(name) && sample.includes("\t");
}

/**
 * The delimiter by which most rows are alike and most cells whole; a comma where none splits any.
 */
async function voteDelimiter(sample: string, dialect: Dialect): Promise<string> {
  let best = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    if (!sample.includes(delimiter)) continue;
    const rows = await sampleRows(sample, { ...dialect, delimiter });
    const score = isDecimalColumn(rows, delimiter) ? 0 : scoreOf(rows, delimiter);
    if (score > best.score) best = { delimiter, score };
  }
  return best.score > 0 ? best.delimiter : DELIMITERS.find((one) => !sample.includes(one)) ?? ",";
}

/** The rows of the sample, but not what is blank, nor the row that its end cuts. */
async function sampleRows(sample: string, dialect: Dialect): Promise<string[][]> {
  const quoted = await parseRows(sample, dialect);
  const { rows } = quoted.rows.length > 0
    ? quoted
    : await parseRows(sample, { ...dialect, quotes: false });
  const filled = rows.filter((row) => row.length > 1 || row[0]!.trim() !== "");
  return sample.length === SAMPLE_LENGTH && filled.length > 2 ? filled.slice(0, -1) : filled;
}

/** The share of rows that have the most common width, times how clean their cells are. */
function scoreOf(rows: string[][], delimiter: string): number {
  const width = commonWidth(rows);
  if (width < 2) return 0;
  const alike = rows.filter((row) => row.length === width);
  const cells = alike.flat();
  const clean = cells.filter((cell) => isClean(cell, delimiter)).length;
  return (alike.length / rows.length) * (1 - 1 / width) * (clean / cells.length);
}

/**
 * The width that most rows of more than one cell have, the greater one of two; 1 where there are
 * none.
 */
export function commonWidth(rows: readonly string[][]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) if (length > 1) counts.set(length, (counts.get(length) ?? 0) + 1);
  let common = 1;
  for (const [width, count] of counts) {
    const most = counts.get(common) ?? 0;
    if (count > most || count === most && width > common) common = width;
  }
  return common;
}

/**
 * Tells whether a cell is whole: it holds no other delimiter, but for decimal commas and those of
 * prose. Tabs stand in no prose, so that what lies between them is whole.
 */
function isClean(cell: string, delimiter: string): boolean {
  if (delimiter === "\t" || ["num", "date"].includes(cellType(cell))) return true;
  const prose = cell.replace(/(\d),(?=\d)|,(?= )/g, "$1");
  return !/[,;\t|]/.test(prose);
}

/** One column of numbers with decimal commas, below a name that has none. */
function isDecimalColumn([header, ...rows]: string[][], delimiter: string): boolean {
  return delimiter === "," && header?.length === 1 && rows.length > 0 &&
    rows.every((row) => DECIMAL_COMMA.test(row.join(",")));
}
