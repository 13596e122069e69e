/** The beginning of a file. */
export interface Head {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole file. */
  size: number;
  /** True where `bytes` is the whole file. */
  whole: boolean;
}

/** Reads at most `maxBytes` from the beginning of a file. */
export async function readHead(path: string, maxBytes: number): Promise<Head> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const buffer = new Uint8Array(Math.min(size, maxBytes));
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return { bytes: buffer.subarray(0, length), size, whole: length === size };
}
