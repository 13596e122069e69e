import stringWidth from "string-width";
import { formatBytes, formatDuration, formatRate } from "../units.ts";
import { printable } from "./printable.ts";
import type { TerminalSize } from "./terminal.ts";

/** How far something is. */
export interface ProgressItem {
  readonly name: string;
  readonly bytes: number;
  /** Undefined when nobody knows yet, as with standard input. */
  readonly total: number | undefined;
  /** Bytes a second; undefined when it is too early to say. */
  readonly rate: number | undefined;
  /** Stands in place of bar and rate. */
  readonly note?: string | undefined;
}

/**
 * One line for each item, then one for `overall`: name, percent, bar, rate, time left, bytes. In a narrow terminal parts
 * go from the right and names are shortened in the middle; no line is as wide as the terminal, so none wraps.
 */
export function renderProgress(
  items: readonly ProgressItem[],
  options: TerminalSize & { overall?: ProgressItem | undefined },
): string[] {
  const width = Math.max(options.columns - 1, 1);
  const overall = options.overall === undefined ? [] : [options.overall];
  const room = Math.max(Math.min(options.rows - 1, MAX_LINES), 1) - overall.length;
  const shown = items.length > room ? items.slice(0, Math.max(room - 1, 0)) : items;
  const lines = renderLines([...shown, ...overall], width);
  if (shown.length < items.length && room > 0) {
    const more = `and ${items.length - shown.length} more`;
    lines.splice(shown.length, 0, shortened(more, width));
  }
  return lines;
}

/** More lines than this are no longer read. */
const MAX_LINES = 10;

/** A name is not shortened below this for the sake of another part. */
const MIN_NAME_WIDTH = 12;

/** 99 days: what would take longer, or for ever, does not move. */
const MAX_LEFT_SECONDS = 99 * 86_400;

const GAP = 2;
const MIN_BAR_WIDTH = 8;
const MAX_BAR_WIDTH = 24;

/** A part of the line; `width` is that of its longest text, so that lines keep their shape while numbers change. */
interface Part {
  readonly width: number;
  readonly text: (item: ProgressItem, width: number) => string;
}

const PERCENT: Part = { width: 4, text: (item, width) => percentText(item).padStart(width) };
const BAR: Part = { width: MIN_BAR_WIDTH, text: barText };
const RATE: Part = { width: 9, text: (item, width) => rateText(item).padStart(width) };
const LEFT: Part = { width: 16, text: (item, width) => leftText(item).padEnd(width) };
const BYTES: Part = { width: 17, text: bytesText };
const SO_FAR: Part = { width: 7, text: (item, width) => bytesText(item).padStart(width) };

function renderLines(items: readonly ProgressItem[], width: number): string[] {
  const names = items.map((item) => printable(item.name));
  const longest = Math.max(...names.map((name) => stringWidth(name)));
  const isSized = items.some((item) => item.total !== undefined);
  const parts = isSized ? [PERCENT, BAR, RATE, LEFT, BYTES] : [SO_FAR, RATE];
  while (parts.length > 0 && Math.min(longest, MIN_NAME_WIDTH) + widthOf(parts) > width) {
    parts.pop();
  }
  const nameWidth = Math.min(longest, width - widthOf(parts));
  const spare = width - nameWidth - widthOf(parts);
  return items.map((item, i) => {
    if (item.note !== undefined) return noteLine(item, { name: names[i]!, nameWidth, width });
    const texts = parts.map((part) => part.text(item, part === BAR ? barWidth(spare) : part.width));
    return [padded(shortened(names[i]!, nameWidth), nameWidth), ...texts].join("  ").trimEnd();
  });
}

/** Name, percent and note, which is cut where there is no room. */
function noteLine(
  item: ProgressItem,
  { name, nameWidth, width }: { name: string; nameWidth: number; width: number },
): string {
  const start = [padded(shortened(name, nameWidth), nameWidth), percentText(item).padStart(4)];
  const line = [...start, printable(item.note!)].join("  ");
  if (stringWidth(line) <= width) return line;
  const characters = Array.from(graphemes.segment(line), ({ segment }) => segment);
  return takeWidth(characters, width - 1).join("") + "…";
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + GAP + part.width, 0);
}

function barWidth(spare: number): number {
  return Math.min(MIN_BAR_WIDTH + spare, MAX_BAR_WIDTH);
}

function fractionOf({ bytes, total }: ProgressItem): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 1 : Math.min(Math.max(bytes / total, 0), 1);
}

function percentText(item: ProgressItem): string {
  const fraction = fractionOf(item);
  return fraction === undefined ? "" : `${Math.floor(fraction * 100)}%`;
}

function barText(item: ProgressItem, width: number): string {
  const fraction = fractionOf(item);
  if (fraction === undefined) return " ".repeat(width);
  const full = Math.floor(fraction * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

function rateText({ rate }: ProgressItem): string {
  return rate === undefined ? "" : formatRate(rate);
}

function leftText({ bytes, total, rate }: ProgressItem): string {
  if (total === undefined || rate === undefined || bytes >= total) return "";
  const seconds = Math.ceil((total - bytes) / rate);
  if (seconds > MAX_LEFT_SECONDS) return "stalled";
  return `${formatDuration(seconds * 1000)} left`;
}

function bytesText({ bytes, total }: ProgressItem): string {
  return total === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} / ${formatBytes(total)}`;
}

const graphemes = new Intl.Segmenter();

/** `text` with `…` for its middle where it is wider than `width`: the start and the extension say most. */
function shortened(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const tail = takeWidth(characters.toReversed(), Math.floor((width - 1) / 2)).reverse().join("");
  const head = takeWidth(characters, width - 1 - stringWidth(tail)).join("");
  return `${head}…${tail}`;
}

function takeWidth(characters: readonly string[], width: number): string[] {
  let room = width;
  const end = characters.findIndex((character) => (room -= stringWidth(character)) < 0);
  return characters.slice(0, end === -1 ? characters.length : end);
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(width - stringWidth(text), 0));
}
