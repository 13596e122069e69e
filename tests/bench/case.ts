import type { Row } from "./result.ts";

/** One thing to measure. */
export interface Case {
  name: string;
  /** What it shows, in a few words. */
  shows: string;
  run: (settings: Settings) => Promise<Row[]>;
}

/** How cases are run. */
export interface Settings {
  /** Runs that count, beside the warm-up; undefined for what the case thinks right. */
  runs: number | undefined;
  /** A size, or a number of files, as large as it is wanted: as it is, or less to try a case out. */
  scale: (amount: number) => number;
  /** The full size also where that takes long. */
  full: boolean;
}
