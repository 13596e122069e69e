import { createHash } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Words of {@link fingerprintWords}: 99 bits. */
const WORD_COUNT = 9;

/** A static key as people say it: the first 99 bits of its SHA-256 (SPEC.md §1). */
export async function fingerprintWords(key: Uint8Array): Promise<string[]> {
  const { wordsOf } = await import("./words.ts");
  return wordsOf(createHash("sha256").update(key).digest(), WORD_COUNT);
}

/** A static key as people compare it: 100 bits of its SHA-256 in base 32, four groups of five (SPEC.md §1). */
export function fingerprint(key: Uint8Array): string {
  const digest = createHash("sha256").update(key).digest("hex");
  const bits = BigInt(`0x${digest.slice(0, 25)}`);
  const letters = Array.from(
    { length: 20 },
    (_, i) => ALPHABET[Number(bits >> BigInt(95 - 5 * i) & 31n)],
  ).join("");
  return letters.match(/.{5}/g)!.join("-");
}
