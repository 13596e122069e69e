import { type CellType, columnType } from "./cell_type.ts";
import { fitText, widthOf } from "../text/fit_text.ts";
import type { Span } from "../text/spans.ts";

/** A table as lines, and how many of its columns there was room for. */
export interface Table {
  lines: Span[][];
  shownColumns: number;
}

/** A column that is shown. */
interface Column {
  header: string;
  cells: string[];
  type: CellType;
  /** Cells of the terminal that its content wants. */
  need: number;
  /** Cells of the terminal that it gets. */
  width: number;
}

const SEPARATOR = " │ ";

/** The least width of a column that needs it, before another is shown beside it. */
const MIN_WIDTH = 12;

/**
 * Lays a table out within `width` cells: header, types, a rule, rows; numbers stand to the right.
 */
export function layTable(header: string[], rows: string[][], width: number): Table {
  const columns = fitColumns(header, rows, width);
  const rule = columns.map((column) => "─".repeat(column.width)).join("─┼─");
  const lines: Span[][] = [
    layLine(columns, (column) => ({ text: column.header, style: "bold" })),
    layLine(columns, (column) => ({ text: column.type, style: "dim" })),
    [{ text: rule, style: "dim" }],
    ...rows.map((_, i) =>
      layLine(columns, (column) => ({ text: column.cells[i]!, style: "plain" }))
    ),
  ];
  return { lines, shownColumns: columns.length };
}

/** Shares `room` among needs, none more than needed: the small ones get all, the others alike. */
export function shareOut(needs: readonly number[], room: number): number[] {
  const shares = needs.map(() => 0);
  const smallFirst = needs.map((need, i) => ({ need, i })).sort((a, b) => a.need - b.need);
  let left = Math.max(0, room);
  for (const [served, { need, i }] of smallFirst.entries()) {
    const share = Math.min(need, Math.floor(left / (needs.length - served)));
    shares[i] = share;
    left -= share;
  }
  return shares;
}

/** As many columns, from the left, as there is room for. */
function fitColumns(header: string[], rows: string[][], width: number): Column[] {
  const columns: Column[] = [];
  let room = width + SEPARATOR.length;
  for (const [i, name] of header.entries()) {
    const column = measure(name, rows.map((row) => row[i] ?? ""), width);
    const taken = column.width + SEPARATOR.length;
    if (taken > room && i > 0) break;
    room -= taken;
    columns.push(column);
  }
  const extra = shareOut(columns.map(({ need, width }) => need - width), room);
  return columns.map((column, i) => ({ ...column, width: column.width + extra[i]! }));
}

function measure(header: string, cells: string[], width: number): Column {
  const texts = [header, ...cells].map((text) => oneLine(text, width));
  const type = columnType(cells);
  const need = Math.min(width, Math.max(1, type.length, ...texts.map(widthOf)));
  return { header, cells, type, need, width: Math.min(need, MIN_WIDTH) };
}

function layLine(columns: Column[], spanOf: (column: Column) => Span): Span[] {
  return columns.flatMap((column, i) => {
    const { text, style } = spanOf(column);
    const shown = oneLine(text, column.width);
    const pad = " ".repeat(Math.max(0, column.width - widthOf(shown)));
    const isLast = i === columns.length - 1;
    const padded = column.type === "num" ? pad + shown : isLast ? shown : shown + pad;
    const cell: Span = { text: padded, style };
    return i === 0 ? [cell] : [{ text: SEPARATOR, style: "dim" }, cell];
  });
}

/** A cell in one line: a line break within it shows as `⏎`. */
function oneLine(text: string, width: number): string {
  return fitText(text.slice(0, 10_000).replace(/\r\n|[\r\n]/g, "⏎"), width);
}
