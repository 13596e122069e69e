import { wordlist } from "@scure/bip39/wordlists/english.js";
import { randomBytes } from "./random.ts";

/** Bits that a word stands for. */
export const WORD_BITS = 11;

/**
 * The 2,048 words of the English list of BIP-39, sorted; the first four letters tell them apart.
 */
export const WORDS: readonly string[] = wordlist;

/** The first bits of `bytes` as `count` words. */
export function wordsOf(bytes: Uint8Array, count: number): string[] {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  if (bits.length < count * WORD_BITS) throw new RangeError(`${bits.length} bits are too few`);
  return Array.from(
    { length: count },
    (_, i) => WORDS[parseInt(bits.slice(i * WORD_BITS, (i + 1) * WORD_BITS), 2)]!,
  );
}

/** Random words, of 11 bits each. */
export function randomWords(count: number): string[] {
  return wordsOf(randomBytes(Math.ceil(count * WORD_BITS / 8)), count);
}
