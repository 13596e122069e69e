import { formatBytes } from "../units.ts";
import { isEnd, type TransferEvent } from "./events.ts";

/** How far the transfers are that have begun and not ended. */
export class Unfinished {
  readonly #bytes = new Map<string, { bytes: number; total: number | null }>();

  /** Takes notice of progress, and of each end but an interruption; true where it is further. */
  count(event: TransferEvent): boolean {
    if (event.event === "progress") {
      const before = this.#bytes.get(event.transfer)?.bytes ?? 0;
      this.#bytes.set(event.transfer, event);
      return event.bytes > before;
    }
    if (isEnd(event)) this.end(event.transfer);
    return false;
  }

  /** Forgets a transfer that has ended. */
  end(transfer: string): void {
    this.#bytes.delete(transfer);
  }

  /** All of them together, as `150 MB of 2.1 GB (7 %)`; undefined where nothing has moved. */
  get inWords(): string | undefined {
    let [bytes, total] = [0, 0];
    for (const one of this.#bytes.values()) {
      bytes += one.bytes;
      total += one.total ?? NaN;
    }
    if (bytes === 0) return undefined;
    if (!(total > 0)) return formatBytes(bytes);
    const percent = Math.floor(100 * Math.min(bytes, total) / total);
    return `${formatBytes(bytes)} of ${formatBytes(total)} (${percent} %)`;
  }
}
