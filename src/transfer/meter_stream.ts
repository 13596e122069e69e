import type { OwnedBytes } from "../buffer_pool.ts";
import { ProgressPace } from "./progress_pace.ts";

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
    const pace = new ProgressPace(start, onProgress);
    super({
      transform(chunk, controller) {
        bytes += chunk.length;
        onBytes?.(bytes);
        pace.at(bytes);
        controller.enqueue(chunk);
      },
      flush() {
        pace.end(bytes);
      },
    });
  }
}
