import { scryptSync } from "node:crypto";
import { concat, toHex } from "../bytes.ts";
import { wordsOf } from "./words.ts";

const WORD_COUNT = 8;

/** About 0.1 s: an attacker in between needs two ids whose words agree, some 2^44 tries of this. */
const COST = { N: 16_384, r: 8, p: 1 };

/**
 * The words that two people compare to know that they have each other's keys; the same on both
 * sides.
 */
export function sharedWords(ours: Uint8Array, theirs: Uint8Array): string[] {
  const ids = [ours, theirs].sort((a, b) => toHex(a) < toHex(b) ? -1 : 1);
  return wordsOf(scryptSync(concat(ids), "p2p/2 shared words", 11, COST), WORD_COUNT);
}
