import { createHash } from "node:crypto";
import { concat } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { KEM_PUBLIC_KEY_BYTES, type KemKeyPair, kemKeyPair } from "./ml_kem.ts";
import { generateKeyPair, type KeyPair, X25519_BYTES } from "./x25519.ts";

/** Bytes of both public keys of an identity, one after the other (SPEC.md §1). */
export const PUBLIC_KEYS_BYTES = X25519_BYTES + KEM_PUBLIC_KEY_BYTES;

/** Bytes of an id. */
export const ID_BYTES = 32;

/** The two public keys of one installation, and the id that names both (SPEC.md §1). */
export interface PublicKeys {
  /** SHA-256 of {@link bytes}: what is compared, remembered and shown. */
  readonly id: Uint8Array;
  /** {@link dh} and {@link kem}, as on the wire. */
  readonly bytes: Uint8Array;
  /** X25519: the key that authenticates. */
  readonly dh: Uint8Array;
  /** ML-KEM-768: what envelopes are sealed to besides. */
  readonly kem: Uint8Array;
}

/** The keys of this installation, both halves. */
export interface IdentityKeys extends PublicKeys {
  readonly dhPair: KeyPair;
  readonly kemPair: KemKeyPair;
}

/** The public keys of those bytes; "protocol" where they have another length. */
export function publicKeysOf(bytes: Uint8Array): PublicKeys {
  if (bytes.length !== PUBLIC_KEYS_BYTES) {
    throw new P2pError("protocol", `cannot read public keys of ${bytes.length} bytes`);
  }
  return {
    id: new Uint8Array(createHash("sha256").update(bytes).digest()),
    bytes,
    dh: bytes.subarray(0, X25519_BYTES),
    kem: bytes.subarray(X25519_BYTES),
  };
}

/** The public keys whose halves came apart; "protocol" where one has another length. */
export function joinedKeys(dh: Uint8Array, kem: Uint8Array): PublicKeys {
  return publicKeysOf(concat([dh, kem]));
}

/** The identity of those pairs; new ones where none are given. */
export async function identityKeys(
  dhPair: KeyPair = generateKeyPair(),
  kemPair?: KemKeyPair,
): Promise<IdentityKeys> {
  const pair = kemPair ?? await kemKeyPair();
  return { ...joinedKeys(dhPair.publicKey, pair.publicKey), dhPair, kemPair: pair };
}
