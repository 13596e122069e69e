/** A piece of a file with a name. */
export interface Chunk {
  type: string;
  data: Uint8Array;
  /** The whole chunk: name, length and all. */
  bytes: Uint8Array;
}

/** The chunks of a PNG (PNG, section 5.3), as far as they are whole. */
export function* pngChunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8, end; at + 12 <= bytes.length; at = end) {
    end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return;
    yield {
      type: nameAt(bytes, at + 4),
      data: bytes.subarray(at + 8, end - 4),
      bytes: bytes.subarray(at, end),
    };
  }
}

/**
 * The chunks of RIFF, such as WebP is made of, from `start` on. One that is cut off has less data.
 */
export function* riffChunks(bytes: Uint8Array, start: number): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + length % 2;
    yield {
      type: nameAt(bytes, at),
      data: bytes.subarray(at + 8, at + 8 + length),
      bytes: bytes.subarray(at, end),
    };
    at = end;
  }
}

function nameAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
