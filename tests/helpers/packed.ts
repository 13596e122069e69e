import { constants, zstdCompressSync } from "node:zlib";

/** One frame of Zstandard as a sender may pack a chunk (SPEC.md §9). */
export function packed(chunk: Uint8Array, { windowLog = 18, checksum = 0, sized = 0 } = {}) {
  const params = {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_windowLog]: windowLog,
    [constants.ZSTD_c_checksumFlag]: checksum,
    [constants.ZSTD_c_contentSizeFlag]: sized,
  };
  const frames = new Uint8Array(zstdCompressSync(chunk, { params }));
  return frames.subarray(0, frames.length - emptyFrameBytes(frames));
}

/** Deno 2.9 sometimes adds a second frame that is empty: 9 bytes, 13 with a checksum. */
function emptyFrameBytes(frames: Uint8Array): number {
  const isMagic = (at: number) =>
    at > 0 && new DataView(frames.buffer).getUint32(at, true) === 0xfd2fb528;
  return [9, 10, 13, 14].find((bytes) => isMagic(frames.length - bytes)) ?? 0;
}
