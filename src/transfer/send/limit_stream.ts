import type { OwnedBytes } from "../../buffer_pool.ts";
import { sleep } from "../../sleep.ts";

/**
 * Passes bytes on unchanged, no faster than `bytesPerSecond` on average; nothing is saved up while
 * nothing flows.
 */
export class LimitStream extends TransformStream<OwnedBytes, OwnedBytes> {
  constructor(bytesPerSecond: number, signal: AbortSignal) {
    let freeAt = 0;
    super({
      async transform(chunk, controller) {
        const now = performance.now();
        if (freeAt > now) await sleep(freeAt - now, signal);
        freeAt = Math.max(freeAt, now) + chunk.length / bytesPerSecond * 1000;
        controller.enqueue(chunk);
      },
    });
  }
}
