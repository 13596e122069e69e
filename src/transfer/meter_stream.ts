import type { OwnedBytes } from "../buffer_pool.ts";

/** Nine times a second, so that with the last one it is ten at most. */
const REPORT_EVERY_MS = 112;

/** Called with the number of bytes so far, those before the stream began included. */
export interface MeterListeners {
  /** With every chunk, before it goes on; what it throws ends the stream. */
  onBytes?: (bytes: number) => void;
  /** Ten times a second at most. */
  onProgress: (bytes: number) => void;
}

/** Passes bytes on unchanged, and tells how many there were from `start` on. */
export class MeterStream extends TransformStream<OwnedBytes, OwnedBytes> {
  constructor(start: number, { onBytes, onProgress }: MeterListeners) {
    let bytes = start;
    let reported = start;
    let reportedAt = -Infinity;
    const report = () => {
      reported = bytes;
      reportedAt = performance.now();
      onProgress(bytes);
    };
    super({
      transform(chunk, controller) {
        bytes += chunk.length;
        onBytes?.(bytes);
        if (performance.now() - reportedAt >= REPORT_EVERY_MS) report();
        controller.enqueue(chunk);
      },
      flush() {
        if (bytes !== reported) report();
      },
    });
  }
}
