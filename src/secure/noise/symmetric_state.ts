import { createHash } from "node:crypto";
import { CipherState } from "./cipher_state.ts";
import { HASH_BYTES, noiseHkdf2, noiseHkdf3 } from "../hkdf.ts";

/** The chaining key and the handshake hash of one handshake (Noise §5.2), with SHA-256. */
export class SymmetricState {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #cipher = new CipherState();

  constructor(protocolName: string) {
    const name = new TextEncoder().encode(protocolName);
    this.#hash = name.length <= HASH_BYTES ? padded(name) : sha256(name);
    this.#chainingKey = this.#hash;
  }

  /** The hash of all that was said so far: a channel binding once the handshake is over (§11.2). */
  get handshakeHash(): Uint8Array {
    return this.#hash.slice();
  }

  /** True where `encryptAndHash` encrypts. */
  get hasKey(): boolean {
    return this.#cipher.hasKey;
  }

  mixKey(ikm: Uint8Array) {
    const [chainingKey, key] = noiseHkdf2(this.#chainingKey, ikm);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  mixHash(data: Uint8Array) {
    this.#hash = sha256(this.#hash, data);
  }

  mixKeyAndHash(ikm: Uint8Array) {
    const [chainingKey, hash, key] = noiseHkdf3(this.#chainingKey, ikm);
    this.#chainingKey = chainingKey;
    this.mixHash(hash);
    this.#cipher = new CipherState(key);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#hash, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#cipher.decryptWithAd(this.#hash, ciphertext);
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** The two cipher states of transport messages: from the initiator, and to it. */
  split(): [CipherState, CipherState] {
    const [key1, key2] = noiseHkdf2(this.#chainingKey, new Uint8Array(0));
    return [new CipherState(key1), new CipherState(key2)];
  }
}

function padded(name: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HASH_BYTES);
  bytes.set(name);
  return bytes;
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
