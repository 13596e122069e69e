import { hkdfSync } from "node:crypto";

/** Bytes of a SHA-256 digest, and of every key that is derived for Noise. */
export const HASH_BYTES = 32;

const EMPTY = new Uint8Array(0);

/** HKDF-SHA256 (RFC 5869): `length` bytes, at most 8,160; `info` is at most 1,024 bytes. */
export function hkdf(
  ikm: Uint8Array,
  { salt = EMPTY, info = EMPTY, length = HASH_BYTES }: {
    salt?: Uint8Array;
    info?: Uint8Array;
    length?: number;
  } = {},
): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", ikm, salt, info, length));
}

/** HKDF(chaining_key, input_key_material, num_outputs) of Noise §4.3: outputs of 32 bytes each. */
export function noiseHkdf2(chainingKey: Uint8Array, ikm: Uint8Array): [Uint8Array, Uint8Array] {
  const output = hkdf(ikm, { salt: chainingKey, length: 2 * HASH_BYTES });
  return [output.slice(0, HASH_BYTES), output.slice(HASH_BYTES)];
}

/** As `noiseHkdf2`, with three outputs. */
export function noiseHkdf3(
  chainingKey: Uint8Array,
  ikm: Uint8Array,
): [Uint8Array, Uint8Array, Uint8Array] {
  const output = hkdf(ikm, { salt: chainingKey, length: 3 * HASH_BYTES });
  return [
    output.slice(0, HASH_BYTES),
    output.slice(HASH_BYTES, 2 * HASH_BYTES),
    output.slice(2 * HASH_BYTES),
  ];
}
