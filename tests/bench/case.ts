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
  /** What sizes and numbers of files are multiplied with: 1, or less to try a case out. */
  scale: number;
  /** The full size also where that takes long. */
  full: boolean;
}
