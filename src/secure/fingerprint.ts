import { toHex } from "../bytes.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Words of {@link fingerprintWords}: 99 bits. */
const WORD_COUNT = 9;

/** An id as people say it: its first 99 bits (SPEC.md §1). */
export async function fingerprintWords(id: Uint8Array): Promise<string[]> {
  const { wordsOf } = await import("./words.ts");
  return wordsOf(id, WORD_COUNT);
}

/** An id as people compare it: its first 100 bits in base 32, four groups of five (SPEC.md §1). */
export function fingerprint(id: Uint8Array): string {
  const bits = BigInt(`0x${toHex(id).slice(0, 25)}`);
  const letters = Array.from(
    { length: 20 },
    (_, i) => ALPHABET[Number(bits >> BigInt(95 - 5 * i) & 31n)],
  ).join("");
  return letters.match(/.{5}/g)!.join("-");
}
