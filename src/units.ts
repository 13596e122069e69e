import { P2pError } from "./errors.ts";

/** A number of bytes to read: `0 B`, `1.0 KB`, `43.2 MB`, `432 GB`; a KB is 1000 bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // From 999.5 on it would read as 1000.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** Two sizes to compare: where they would read alike, in bytes. */
export function formatSizes(a: number, b: number): [a: string, b: string] {
  const [shortA, shortB] = [formatBytes(a), formatBytes(b)];
  if (a === b || shortA !== shortB) return [shortA, shortB];
  return [`${formatCount(a)} B`, `${formatCount(b)} B`];
}

/** Formats a count, with its noun where one is given: `1,234 rows`, `1 row`. */
export function formatCount(count: number, noun?: string): string {
  const number = count.toLocaleString("en-US");
  return noun === undefined ? number : `${number} ${noun}${count === 1 ? "" : "s"}`;
}

/** A rate to read: `4.3 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** A moment to read, in this machine's time zone: `2026-11-21 22:30`. */
export function formatDate(ms: number): string {
  const date = new Date(ms);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    ` ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Milliseconds to read: `3 ms`, `1.2 s`, `12 s`, `2 min 05 s`, `1 h 02 min`, `3 d 04 h`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return inTwoUnits(seconds, 60, ["min", "s"]);
  const minutes = Math.round(ms / MS_PER.min);
  if (minutes < 24 * 60) return inTwoUnits(minutes, 60, ["h", "min"]);
  return inTwoUnits(Math.round(ms / MS_PER.h), 24, ["d", "h"]);
}

/**
 * Bytes of `2GB`, `500 kB`, `1.5MiB` or `1024`; KB is 1000, KiB is 1024. Throws `usage` on anything
 * else.
 */
export function parseSize(text: string): number {
  const bytes = bytesIn(text);
  if (!Number.isSafeInteger(bytes)) throw unreadable("size", text, SIZE_HINT);
  return bytes;
}

/** Bytes a second of `5MB/s` or `5MB`, at least 1. Throws `usage` on anything else. */
export function parseRate(text: string): number {
  const rate = bytesIn(text.trim().replace(/ ?\/ ?s$/i, ""));
  if (!Number.isSafeInteger(rate) || rate < 1) throw unreadable("rate", text, RATE_HINT);
  return rate;
}

/**
 * Milliseconds of `60s`, `7d`, `1.5h` or `1h30m`; a number needs its unit. Throws `usage` on
 * anything else.
 */
export function parseDuration(text: string): number {
  const parts = text.trim().toLowerCase();
  if (!/^(\d+(\.\d+)? ?(ms|s|min|m|h|d|w) ?)+$/.test(parts)) {
    throw unreadable("duration", text, DURATION_HINT);
  }
  let ms = 0;
  for (const [, number, unit] of parts.matchAll(/([\d.]+) ?([a-z]+)/g)) {
    ms += Number(number) * MS_PER[unit as keyof typeof MS_PER];
  }
  if (ms > Number.MAX_SAFE_INTEGER) throw unreadable("duration", text, DURATION_HINT);
  return Math.round(ms);
}

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/**
 * Writes a moment that another machine names in ISO 8601: at most the last one that a `Date` can
 * hold.
 */
export function isoDate(ms: number): string {
  return new Date(Math.min(ms, LAST_DATE_MS)).toISOString();
}

const LAST_DATE_MS = 8.64e15;

const MS_PER = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const SIZE_HINT = "write a size as 500kB, 2GB or 1.5MiB; the most is 9007199254740991";
const RATE_HINT = "write a rate as 500kB/s or 5MB/s";
const DURATION_HINT = "write a duration as 60s, 10m, 1h30m or 7d";

function inTwoUnits(count: number, base: number, [large, small]: [string, string]): string {
  const rest = String(count % base).padStart(2, "0");
  return `${Math.floor(count / base)} ${large} ${rest} ${small}`;
}

function bytesIn(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(i?))?b?$/i.exec(text.trim());
  if (match === null) return NaN;
  const [, number, prefix = " ", binary = ""] = match;
  const power = " kmgtp".indexOf(prefix.toLowerCase());
  return Math.round(Number(number) * (binary === "" ? 1000 : 1024) ** power);
}

function unreadable(what: string, text: string, hint: string): P2pError {
  return new P2pError("usage", `cannot read ${what} "${text}"`, { hint });
}
