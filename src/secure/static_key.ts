import { fromBase64url, sameBytes, toBase64url } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { X25519_BYTES } from "./x25519.ts";

declare const brand: unique symbol;

/** A static public key in base64url, as messages and files have it: two are equal where the keys are. */
export type KeyText = string & { readonly [brand]: "static key" };

/** The text of a static key. */
export function encodeKey(key: Uint8Array): KeyText {
  return toBase64url(key) as KeyText;
}

/** The static key of a text; "protocol" where it holds no 32 bytes. */
export function decodeKey(text: string): Uint8Array<ArrayBuffer> {
  const key = fromBase64url(text);
  if (key.length === X25519_BYTES) return key;
  throw new P2pError("protocol", `cannot decode key: ${key.length} bytes, not ${X25519_BYTES}`);
}

/** True where two static keys are the same. */
export const sameKey = sameBytes;
