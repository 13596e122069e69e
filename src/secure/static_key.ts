import { fromBase64url, sameBytes, toBase64url } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { ID_BYTES } from "./identity_keys.ts";

declare const brand: unique symbol;

/**
 * The id of an identity in base64url, as messages and files have it: two are equal where the ids
 * are.
 */
export type KeyText = string & { readonly [brand]: "id" };

/** The text of an id. */
export function encodeKey(key: Uint8Array): KeyText {
  return toBase64url(key) as KeyText;
}

/** The id of a text; "protocol" where it holds no 32 bytes. */
export function decodeKey(text: string): Uint8Array<ArrayBuffer> {
  const key = fromBase64url(text);
  if (key.length === ID_BYTES) return key;
  throw new P2pError("protocol", `cannot decode key: ${key.length} bytes, not ${ID_BYTES}`);
}

/** True where two ids are the same. */
export const sameKey = sameBytes;
