import { concat, utf8 } from "../../bytes.ts";

/** The input that both sides have to know alike; the names are those of draft-irtf-cfrg-cpace. */
export interface CpaceInput {
  /** The password-related string. */
  prs: Uint8Array;
  /** The channel identifier: who talks to whom, in which roles. */
  ci: Uint8Array;
  /** The session identifier, which no two runs share. */
  sid: Uint8Array;
}

/** The shares `ya`, `yb` in the order in which they are sent, each with its associated data. */
export interface CpaceMessages {
  ya: Uint8Array;
  ada?: Uint8Array;
  yb: Uint8Array;
  adb?: Uint8Array;
}

/** The domain separation identifier of CPace-Ristretto255-SHA512. */
export const DSI = utf8("CPaceRistretto255");

const SHA512_BLOCK_BYTES = 128;
const NO_AD = new Uint8Array(0);

/**
 * The string that is hashed to the generator: the secret fills the first block of the hash
 * (generator_string).
 */
export function generatorString({ prs, ci, sid }: CpaceInput): Uint8Array {
  const padding = SHA512_BLOCK_BYTES - 1 - prependLen(prs).length - prependLen(DSI).length;
  return lvCat(DSI, prs, new Uint8Array(Math.max(0, padding)), ci, sid);
}

/** Both messages, initiator's first (transcript_ir). */
export function transcriptIr({ ya, ada = NO_AD, yb, adb = NO_AD }: CpaceMessages): Uint8Array {
  return concat([lvCat(ya, ada), lvCat(yb, adb)]);
}

/** The concatenation of all parts, each behind its length (lv_cat). */
export function lvCat(...parts: Uint8Array[]): Uint8Array {
  return concat(parts.map(prependLen));
}

/** `data` behind its length in LEB128 (prepend_len). */
export function prependLen(data: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = data.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return concat([new Uint8Array([...length, rest]), data]);
}
