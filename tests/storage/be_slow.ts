import { SLOW_MS } from "../../src/storage/quick_file.ts";

/** Takes as long as a disk that is waited for. */
export function beSlow(): void {
  const until = performance.now() + 2 * SLOW_MS;
  while (performance.now() < until);
}
