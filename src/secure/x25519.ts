import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { randomBytes } from "./random.ts";
import { P2pError } from "../errors.ts";

/** Bytes of a private key, a public key and a shared secret (RFC 7748 §5). */
export const X25519_BYTES = 32;

/** An X25519 key pair, each half 32 raw bytes. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A new key pair (GENERATE_KEYPAIR of Noise §4.1). */
export function generateKeyPair(): KeyPair {
  return keyPairFrom(randomBytes(X25519_BYTES));
}

/** The key pair of a private key of 32 bytes; RangeError for another length. */
export function keyPairFrom(privateKey: Uint8Array): KeyPair {
  const der = createPublicKey(importPrivateKey(privateKey)).export({ format: "der", type: "spki" });
  return { privateKey, publicKey: new Uint8Array(der.subarray(-X25519_BYTES)) };
}

/**
 * The shared secret of 32 bytes (RFC 7748 §6.1). P2pError `protocol` where the peer's public key is
 * of another length or of low order, which would make a secret that is the same for all.
 */
export function dh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== X25519_BYTES) {
    throw new P2pError(
      "protocol",
      `cannot agree on a key: public key of ${publicKey.length} bytes`,
    );
  }
  const keys = { privateKey: importPrivateKey(privateKey), publicKey: importPublicKey(publicKey) };
  const secret = deriveSecret(keys);
  if (secret === undefined || secret.every((byte) => byte === 0)) {
    throw new P2pError("protocol", "cannot agree on a key: public key of low order");
  }
  return secret;
}

/**
 * Newer runtimes throw for an all-zero secret, older ones return it: here the first is undefined.
 */
function deriveSecret(keys: { privateKey: KeyObject; publicKey: KeyObject }) {
  try {
    return new Uint8Array(diffieHellman(keys));
  } catch {
    return undefined;
  }
}

// RFC 8410: an X25519 key in DER is a fixed prefix and the raw key.
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

function importPrivateKey(raw: Uint8Array): KeyObject {
  if (raw.length !== X25519_BYTES) throw new RangeError(`private key of ${raw.length} bytes`);
  const key = Buffer.concat([PKCS8_PREFIX, raw]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function importPublicKey(raw: Uint8Array): KeyObject {
  const key = Buffer.concat([SPKI_PREFIX, raw]);
  return createPublicKey({ key, format: "der", type: "spki" });
}
