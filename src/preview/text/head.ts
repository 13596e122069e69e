/** The beginning of a file. */
export interface Head {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole file. */
  size: number;
  /** True where `bytes` is the whole file. */
  whole: boolean;
}

/**
 * Reads at most `maxBytes` from the beginning of a file. Its size is what is read where that is
 * all: for files that programs make as they are read, the system states another.
 */
export async function readHead(path: string, maxBytes: number): Promise<Head> {
  using file = await Deno.open(path);
  // One byte more tells whether it ends here.
  const buffer = new Uint8Array(maxBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) return { bytes: buffer.subarray(0, length), size: length, whole: true };
    length += count;
  }
  const { size } = await file.stat();
  return { bytes: buffer.subarray(0, maxBytes), size: Math.max(size, length), whole: false };
}
