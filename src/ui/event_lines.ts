import { isAbsolute, relative } from "node:path";
import type {
  AlreadyHere,
  Delivered,
  Interrupted,
  Received,
  Refused,
  Stored,
} from "../transfer/events.ts";
import { formatBytes, formatDate, formatDuration, formatRate } from "../units.ts";
import { printable, printableName } from "./printable.ts";
import type { Style } from "./terminal.ts";

/** The line for something that has arrived here, with its times and where it is. */
export function receivedLine(event: Received, style: Style): string {
  const { name, from, kind, files, missing, path, text } = event;
  const what = files === undefined ? (text ? "text" : kind) : folderOf(files, missing);
  return `${style.green("received")} ${style.bold(printableName(name))} from ${
    printableName(from)
  } (${what}, ${times(event)})` +
    ` -> ${printable(shortPath(path))}`;
}

/** A line for each name inside a folder that this system or disk cannot hold. */
export function renamedLines({ renamed = 0, renamedEntries = [] }: Received): string[] {
  const lines = renamedEntries.map(({ name, savedAs }) =>
    `  ${printableName(name)} is here as ${printableName(savedAs)}`
  );
  const more = renamed - lines.length;
  return more > 0 ? [...lines, `  and ${more} more names are changed`] : lines;
}

/** The line for something that was offered again, and is here. */
export function alreadyLine({ name, from, bytes, path }: AlreadyHere, style: Style): string {
  return `${style.green("already here")} ${style.bold(printableName(name))} from ${
    printableName(from)
  }` +
    ` (${formatBytes(bytes)}) -> ${printable(shortPath(path))}`;
}

/** The line for something that is at its receiver. */
export function deliveredLine(event: Delivered, style: Style): string {
  const { name, to, savedAs, files, missing, renamed = 0, bytes, already } = event;
  const saved = savedAs === name ? "" : ` as ${style.bold(printableName(savedAs))}`;
  const changed = renamed > 0 ? `${renamed} with other names there, ` : "";
  const what = files === undefined ? "" : `${folderOf(files, missing)}, ${changed}`;
  const how = already ? `${formatBytes(bytes)}, it was there already` : times(event);
  return `${style.green("delivered")} ${style.bold(printableName(name))} to ${
    printableName(to)
  }${saved} (${what}${how})`;
}

/** The line for something that the hub keeps for somebody. */
export function storedLine({ name, to, bytes, until }: Stored, style: Style): string {
  return `${style.green("stored")} ${style.bold(printableName(name))} for ${printableName(to)}` +
    ` (${formatBytes(bytes)}, until ${formatDate(Date.parse(until))})`;
}

/** The line for an offer that was turned down here. */
export function refusedLine({ name, from, reason, declined }: Refused, style: Style): string {
  if (declined) {
    return `${style.yellow("declined")} ${style.bold(printableName(name))} from ${
      printableName(from)
    }`;
  }
  return `${style.yellow("refused")} ${style.bold(printableName(name))} from ${
    printableName(from)
  }: ${printable(reason)}`;
}

/** The line for a transfer that stopped on its way here. */
export function interruptedLine({ name, from, bytes, reason }: Interrupted, style: Style): string {
  return `${style.yellow("interrupted")} ${style.bold(printableName(name))} from ${
    printableName(from)
  }` +
    ` at ${formatBytes(bytes)}: ${printable(reason)}`;
}

/** A path from here, where it lies below this folder. */
export function shortPath(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
}

/** Up to 1 MiB may be there before the time counts: of less than this a rate would say too much. */
const LEAST_BYTES_FOR_RATE = 10_000_000;

function times({ bytes, duration, latency, resumedAt }: Received | Delivered): string {
  const moved = bytes - resumedAt;
  const rate = moved >= LEAST_BYTES_FOR_RATE && duration > 0
    ? `, ${formatRate(moved / duration * 1000)}`
    : "";
  const resumed = resumedAt > 0 ? `, ${formatBytes(resumedAt)} were there already` : "";
  return `${formatBytes(bytes)} in ${formatDuration(duration)}${rate}, latency ${
    formatDuration(latency)
  }${resumed}`;
}

function folderOf(files: number, missing = 0): string {
  return `folder of ${count(files - missing)}${missing > 0 ? `, ${missing} missing` : ""}`;
}

function count(files: number): string {
  return files === 1 ? "1 file" : `${files} files`;
}
