import stringWidth from "string-width";

/**
 * What to write to a terminal that shows the lines `before`, with the cursor on the line below them, so that it shows
 * `after`: lines that are the same are stepped over; nothing to do is "". After a resize all lines are written anew.
 */
export function repaint(
  before: readonly string[],
  after: readonly string[],
  { columns, resized }: { columns: number; resized: boolean },
): string {
  if (resized && before.length > 0) {
    const rows = rowsOf(before, columns);
    return up(rows) + deleteRows(rows) + repaint([], after, { columns, resized: false });
  }
  if (before.length === after.length && after.every((line, i) => line === before[i])) return "";
  const lines = after.map((line, i) => line === before[i] ? "\n" : `${line}${ERASE_TO_END}\n`);
  const left = before.length - after.length;
  return up(before.length) + NO_WRAP + lines.join("") + WRAP + deleteRows(left);
}

const ERASE_TO_END = "\x1b[K";

/** Off while we draw: a terminal may take a name for wider than we do. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

function up(rows: number): string {
  return rows === 0 ? "\r" : `\x1b[${rows}A\r`;
}

/** Deleted, not erased: tmux keeps in its history what is erased down from the top of the screen. */
function deleteRows(rows: number): string {
  return rows > 0 ? `\x1b[${rows}M` : "";
}

/** Rows that lines of another width take now: terminals wrap again what no longer fits. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce(
    (rows, line) => rows + Math.max(Math.ceil(stringWidth(line) / columns), 1),
    0,
  );
}
