import { identityKeys } from "../../src/secure/identity_keys.ts";
import { kemKeyPair } from "../../src/secure/ml_kem.ts";
import { keyPairFrom } from "../../src/secure/x25519.ts";

/** One vector of SPEC.md §24: hexadecimal digits, or text. */
export interface Vector {
  name: string;
  keys: Record<string, string>;
  in: Record<string, string | number>;
  out: Record<string, string>;
}

/** `length` bytes that count up from `first`. */
export function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i & 255);
}

/** Bytes that count up from `first` for each of `lengths`, in hexadecimal digits. */
export function countingKeys<K extends string>(
  first: number,
  lengths: Record<K, number>,
): Record<K, string> {
  const entries = Object.entries<number>(lengths);
  const keys = entries.map(([key, length], i) => [key, counting(first + 7 * i, length).toHex()]);
  return Object.fromEntries(keys);
}

/** Private keys of an identity, in hexadecimal digits. */
export interface IdentityDigits {
  x25519: string;
  kemSeed: string;
}

/** The identity of those private keys. */
export async function identityOf({ x25519, kemSeed }: IdentityDigits) {
  return await identityKeys(keyPairFrom(fromHex(x25519)), await kemKeyPair(fromHex(kemSeed)));
}

/** The bytes of hexadecimal digits. */
export function fromHex(digits: string | number): Uint8Array {
  return Uint8Array.fromHex(String(digits));
}
