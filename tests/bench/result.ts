import { formatBytes } from "../../src/units.ts";
import type { Sample } from "./measure.ts";

/** Something that was measured, once or more often. */
export interface Figure {
  unit: keyof typeof FORMATS;
  values: number[];
}

/** The figures of one thing that was measured, by what they say. */
export interface Row {
  of: string;
  figures: Record<string, Figure>;
}

/** What a case has found. */
export interface Result {
  name: string;
  shows: string;
  rows: Row[];
}

const FORMATS = {
  "s": (value: number) => `${value.toFixed(3)} s`,
  "ms": (value: number) => `${value.toFixed(1)} ms`,
  "s/GB": (value: number) => `${value.toFixed(2)} s/GB`,
  "B": formatBytes,
  "×": (value: number) => `${value.toFixed(2)} ×`,
  "%": (value: number) => `${value.toFixed(2)} %`,
};

/** Where a run moves less, processor seconds for each GB say nothing. */
const LEAST_BYTES = 1e7;

/**
 * The row of runs that moved `bytes` each: time, processor seconds for each GB (of sender and hub together, and of each that
 * works for the sender), and peaks.
 */
export function rowOf(of: string, samples: Sample[], bytes: number): Row {
  const figures: Row["figures"] = { time: seconds(samples.map(({ seconds }) => seconds)) };
  const [{ cpu, peak }] = samples as [Sample];
  const perGb = (used: (cpu: Sample["cpu"]) => number): Figure => ({
    unit: "s/GB",
    values: samples.map(({ cpu }) => used(cpu) / bytes * 1e9),
  });
  if (bytes >= LEAST_BYTES) {
    if (cpu.sender !== undefined) {
      figures.processor = perGb(({ sender, hub = 0 }) => sender! + hub);
    }
    for (const who of Object.keys(cpu).filter((who) => who !== "sender")) {
      figures[`processor of ${who}`] = perGb((cpu) => cpu[who]!);
    }
  }
  for (const who of Object.keys(peak)) {
    const highest = Math.max(...samples.map(({ peak }) => peak[who]!));
    figures[`peak of ${who}`] = { unit: "B", values: [highest] };
  }
  return { of, figures };
}

/** Wall clock. */
export function seconds(values: number[]): Figure {
  return { unit: "s", values };
}

/** How many times as much the first are as the second, pair by pair. */
export function ratio(values: number[], others: number[]): Figure {
  return { unit: "×", values: values.map((value, i) => value / others[i]!) };
}

/**
 * Rows whose figure `what` was measured for growing `counts`, each with its growth from the row before: 1 × where it grew
 * as the count did, less where it grew more slowly.
 */
export function withGrowth(
  rows: Row[],
  { counts, what = "time" }: { counts: number[]; what?: string },
): Row[] {
  return rows.map(({ of, figures }, i) => {
    if (i === 0) return { of, figures };
    const grown = median(figures[what]!.values) / median(rows[i - 1]!.figures[what]!.values);
    const growth: Figure = { unit: "×", values: [grown / (counts[i]! / counts[i - 1]!)] };
    return { of, figures: { ...figures, [`${what} against linear`]: growth } };
  });
}

/** The middle one of `values`, or the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(half)]!
    : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A result to read: a line for each row, medians with the least and the most. */
export function asText({ name, shows, rows }: Result): string {
  const width = Math.max(...rows.map(({ of }) => of.length));
  const lines = rows.map(({ of, figures }) => {
    const shown = Object.entries(figures).map(([what, figure]) => `${what} ${inWords(figure)}`);
    return `  ${of.padEnd(width)}  ${shown.join(", ")}\n`;
  });
  return `${name}: ${shows}\n${lines.join("")}`;
}

/** A result as one line of JSON. */
export function asJson({ rows, ...result }: Result): string {
  const inNumbers = ({ unit, values }: Figure) => {
    const [min, max] = [Math.min(...values), Math.max(...values)];
    return { unit, median: median(values), min, max, values };
  };
  const rowsInNumbers = rows.map(({ of, figures }) => {
    const entries = Object.entries(figures).map(([what, figure]) => [what, inNumbers(figure)]);
    return { of, figures: Object.fromEntries(entries) };
  });
  return JSON.stringify({ ...result, rows: rowsInNumbers });
}

function inWords({ unit, values }: Figure): string {
  const format = FORMATS[unit];
  const middle = format(median(values));
  if (values.length === 1) return middle;
  return `${middle} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;
}
