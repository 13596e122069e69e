import { type CellType, cellType, columnType } from "./cell_type.ts";
import { commonWidth } from "./dialect.ts";

/** The rows of a file by what they are. */
export interface TableParts {
  /** Titles and comments above the header, a line each. */
  above: string[];
  /** A name for each column: numbers where the file has none. */
  header: string[];
  body: string[][];
}

/** Rows, and columns of them, by which the first row is judged. */
const JUDGED_ROWS = 100, JUDGED_COLUMNS = 50;

/** More lines than this are not titles. */
const MAX_TITLES = 30;

/** Splits rows into lines above the table, its header and its body. */
export function splitTable(rows: readonly string[][]): TableParts {
  const start = startOf(rows);
  const above = rows.slice(0, start).map((row) => row.filter(isFilled).join(" "));
  const table = rows.slice(start);
  const columns = table.reduce((most, row) => Math.max(most, row.length), 0);
  const hasHeader = isHeader(table[0] ?? [], table.slice(1, 1 + JUDGED_ROWS));
  const names = Array.from(
    { length: columns },
    (_, i) => hasHeader ? table[0]?.[i] ?? "" : `${i + 1}`,
  );
  return { above: above.filter(isFilled), header: names, body: hasHeader ? table.slice(1) : table };
}

/** The row that the table begins with: titles are narrower, or have cells that are empty. */
function startOf(rows: readonly string[][]): number {
  const judged = rows.slice(0, JUDGED_ROWS);
  const width = commonWidth(judged);
  const first = judged.findIndex((row) => row.length >= width);
  const wide = judged.filter((row) => row.length >= width).length;
  if (width < 2 || wide < 2 || first > MAX_TITLES || first >= wide) return 0;
  let start = first;
  while (start < judged.length - 2 && isTitle(judged.slice(start), width)) start++;
  if (isShortHeader(judged, start)) return start - 1;
  return width > 2 ? start + paddedRows(judged.slice(start)) : start;
}

/** Tells of a row that is as wide as the table below it whether it is a title or a comment. */
function isTitle([row = [], next = [], ...rows]: string[][], width: number): boolean {
  const filled = row.filter(isFilled).length;
  if (filled === 0) return true;
  const isPadded = width > 2 && filled === 1 && row[0] !== "" && next.length >= width;
  if (isPadded) return isHeader(next, rows);
  return /^#\s/.test(row[0]!) && headerVotes(next, rows) > 0;
}

/** Counts rows with empty cells above one that has none and is a header for sure. */
function paddedRows(rows: string[][]): number {
  const full = rows.slice(0, MAX_TITLES).findIndex((row) => row.every(isFilled));
  return full > 0 && headerVotes(rows[full]!, rows.slice(full + 1)) > 0 ? full : 0;
}

function isFilled(cell: string): boolean {
  return cell.trim() !== "";
}

/** A header without a name for the column of names, as statistics programs write it. */
function isShortHeader(rows: string[][], start: number): boolean {
  const above = rows[start - 1] ?? [], first = rows[start]!;
  return above.length > 1 && above.length === first.length - 1 &&
    above.every((cell) => cellType(cell) === "text") && !isHeader(first, rows.slice(start + 1));
}

/** Names stand above values of another kind; a table of text alone is taken to have them. */
function isHeader(first: string[], rows: string[][]): boolean {
  return headerVotes(first, rows) >= 0;
}

/** Above 0 where the first row differs from those below, below 0 where it is one of them. */
function headerVotes(first: string[], rows: string[][]): number {
  if (isNamedSeries(first, rows)) return 1;
  const votes = first.slice(0, JUDGED_COLUMNS).map((cell, i) =>
    vote(cellType(cell), rows.map((row) => row[i] ?? ""))
  );
  return votes.includes(-1) ? -1 : Math.max(0, ...votes);
}

/** Says for one column whether its first cell is a name (1), a value (-1) or either (0). */
function vote(type: CellType, below: string[]): number {
  const others = columnType(below);
  if (type === "" || type === "text" && ["", "text"].includes(others)) return 0;
  if (type === others || others === "") return -1;
  if (others !== "text") return 1;
  const isText = below.every((cell) => ["", "text"].includes(cellType(cell)));
  return isText ? 1 : -1;
}

/** Numbers that name columns, as few rows below have them, beside a column of text. */
function isNamedSeries(first: string[], rows: string[][]): boolean {
  const besideText = first.some((cell, i) => {
    const type = cellType(cell) || columnType(rows.map((row) => row[i] ?? ""));
    return type === "text";
  });
  return besideText && isSeries(first) && rows.filter(isSeries).length <= rows.length / 4;
}

/** Years that ascend, or whole numbers in even steps: months, hours, classes. */
function isSeries(row: string[]): boolean {
  const numbers = row.filter((cell) => cellType(cell) === "num").map((cell) => cell.trim());
  if (numbers.length === 0 || !numbers.every((number) => /^\d{1,6}$/.test(number))) return false;
  const steps = numbers.slice(1).map((number, i) => Number(number) - Number(numbers[i]));
  const areYears = numbers.every((number) => Number(number) >= 1900 && Number(number) <= 2100);
  if (areYears && steps.every((step) => step > 0)) return true;
  const isEven = steps[0]! > 0 && new Set(steps).size === 1;
  return isEven && (steps.length > 2 || steps.length === 2 && steps[0] === 1);
}
