/** Year first, or day and month first, with a time behind it or not. */
const DATE =
  /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ]\d{1,2}:\d{2}.*)?$/;

/** Digits, grouped by threes or not, with a fraction, an exponent, a percent sign or without. */
const NUMBER = /^[-+]?(\d{1,3}([,.' ]\d{3})+|\d*)([.,]?\d+)(e[-+]?\d+)? ?%?$/i;

/** The kind of value that the cells of a column hold. */
export type CellType = "num" | "date" | "bool" | "text" | "";

/** The longest cell that is taken for anything but text. */
const MAX_VALUE_LENGTH = 40;

/** The type of a column: the one that all its cells have, empty ones aside. */
export function columnType(cells: readonly string[]): CellType {
  const types = new Set(cells.map(cellType));
  types.delete("");
  return types.size === 1 ? [...types][0]! : types.size === 0 ? "" : "text";
}

/** Tells the type of one cell by its looks. */
export function cellType(cell: string): CellType {
  const value = cell.trim();
  if (value === "") return "";
  if (value.length > MAX_VALUE_LENGTH) return "text";
  if (DATE.test(value)) return "date";
  if (NUMBER.test(value)) return "num";
  return /^(true|false|yes|no)$/i.test(value) ? "bool" : "text";
}
