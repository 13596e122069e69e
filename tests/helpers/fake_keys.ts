import { createHash } from "node:crypto";
import {
  PUBLIC_KEYS_BYTES,
  type PublicKeys,
  publicKeysOf,
} from "../../src/secure/identity_keys.ts";

/** Public keys that nobody has the private half of, the same ones each time for a name. */
export function fakeKeys(name: string): PublicKeys {
  const bytes = createHash("shake128", { outputLength: PUBLIC_KEYS_BYTES }).update(name).digest();
  return publicKeysOf(new Uint8Array(bytes));
}
