/** Codes that clear the table and end the data; the ones below stand for bytes. */
const CLEAR = 256, END = 257;

const MIN_BITS = 9, MAX_BITS = 12;

/**
 * Unpacks LZW as TIFF has it (TIFF 6.0, section 13). Each code stands for a piece of what was
 * unpacked before, so that the table holds places in the output. Throws on a code that is not known.
 */
export function unpackLzw(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const output = new Output(input.length * 4);
  const starts = new Uint32Array(1 << MAX_BITS), lengths = new Uint32Array(1 << MAX_BITS);
  let bits = MIN_BITS, next = END + 1, last = 0;
  for (let at = 0; at + bits <= input.length * 8;) {
    const code = codeAt(input, at, bits);
    at += bits;
    if (code === END) break;
    if (code === CLEAR) {
      [bits, next, last] = [MIN_BITS, END + 1, 0];
      continue;
    }
    if (last > 0 && next < starts.length) {
      starts[next] = output.length - last;
      lengths[next++] = last + 1;
    }
    if (code >= next) throw new RangeError(`no LZW code ${code}`);
    last = code < CLEAR ? output.add(code) : output.repeat(starts[code]!, lengths[code]!);
    bits = widthAfter(input, { at, bits, next });
  }
  return output.bytes();
}

/** Bits of the next code: one more where the table has filled their codes, but for an `END` in the old width. */
function widthAfter(
  input: Uint8Array,
  { at, bits, next }: { at: number; bits: number; next: number },
): number {
  const isWider = next + 1 >= 1 << bits && bits < MAX_BITS && !endsAt(input, { at, bits });
  return isWider ? bits + 1 : bits;
}

/**
 * True where `END` in so many bits is all that is left. The code before it may be the last one of
 * its width: some writers go over to the next one then, some do not.
 */
function endsAt(input: Uint8Array, { at, bits }: { at: number; bits: number }): boolean {
  const rest = input.length * 8 - at - bits;
  return rest >= 0 && rest < 8 && codeAt(input, at, bits) === END;
}

/** Reads a code of 9 to 12 bits, the most significant first. */
function codeAt(input: Uint8Array, at: number, bits: number): number {
  const byte = at >>> 3;
  const three = input[byte]! << 16 | input[byte + 1]! << 8 | input[byte + 2]!;
  return three >>> (24 - (at & 7) - bits) & (1 << bits) - 1;
}

/** Bytes that grow, and repeat themselves. */
class Output {
  #bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(room: number) {
    this.#bytes = new Uint8Array(room);
  }

  /** Adds a byte, and returns how many were added. */
  add(byte: number): number {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
    return 1;
  }

  /** Adds what stands at `start` once more; its end may be what is being added. */
  repeat(start: number, count: number): number {
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#bytes[this.length + i] = this.#bytes[start + i]!;
    this.length += count;
    return count;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const more = new Uint8Array(2 * (this.length + count));
    more.set(this.#bytes);
    this.#bytes = more;
  }
}
