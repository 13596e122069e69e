import { P2pError } from "../../errors.ts";
import { NONCE_BYTES, open, seal, TAG_BYTES } from "../aead.ts";

/** The most a Noise message may have, its tags included (Noise §3). */
export const MAX_NOISE_MESSAGE_BYTES = 65_535;

/** 2^64 - 1: kept for `rekey`, so that no message is ever encrypted with it (Noise §5.1). */
export const MAX_NONCE = 2n ** 64n - 1n;

const EMPTY = new Uint8Array(0);

/**
 * A key and a counting nonce that encrypt one direction (Noise §5.1); without key, text is plain.
 */
export class CipherState {
  #key: Uint8Array | undefined;
  #nonce = 0n;

  constructor(key?: Uint8Array) {
    this.#key = key;
  }

  /** True where there is a key. */
  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** Sets the nonce of the next message, 0 to 2^64 - 1. */
  setNonce(nonce: bigint) {
    if (nonce < 0n || nonce > MAX_NONCE) throw new RangeError(`nonce ${nonce} is not of 64 bits`);
    this.#nonce = nonce;
  }

  /** Ciphertext of one message; RangeError where it would exceed 65,535 bytes. */
  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const length = plaintext.length + (this.hasKey ? TAG_BYTES : 0);
    if (length > MAX_NOISE_MESSAGE_BYTES) {
      throw new RangeError(`cannot encrypt: length ${length} exceeds ${MAX_NOISE_MESSAGE_BYTES}`);
    }
    if (this.#key === undefined) return plaintext;
    const ciphertext = seal(this.#key, this.#nextNonce(), plaintext, ad);
    this.#nonce += 1n;
    return ciphertext;
  }

  /**
   * Plaintext of one message; P2pError `protocol`, and the nonce stays, where it is not authentic.
   */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    if (ciphertext.length > MAX_NOISE_MESSAGE_BYTES) {
      const lengths = `length ${ciphertext.length} exceeds ${MAX_NOISE_MESSAGE_BYTES}`;
      throw new P2pError("protocol", `cannot decrypt: ${lengths}`);
    }
    if (this.#key === undefined) return ciphertext;
    const plaintext = open(this.#key, this.#nextNonce(), ciphertext, ad);
    this.#nonce += 1n;
    return plaintext;
  }

  /** Replaces the key by one that does not give the old one away (Noise §4.2, §11.3). */
  rekey() {
    if (this.#key === undefined) throw new TypeError("cannot rekey: there is no key");
    const zeros = new Uint8Array(this.#key.length);
    this.#key = seal(this.#key, encodeNonce(MAX_NONCE), zeros, EMPTY).slice(0, zeros.length);
  }

  #nextNonce(): Uint8Array {
    if (this.#nonce >= MAX_NONCE) {
      throw new RangeError("cannot go on: the nonces of this key are used up");
    }
    return encodeNonce(this.#nonce);
  }
}

/** 32 zero bits, then 64 bits little-endian (Noise §12.3). */
function encodeNonce(nonce: bigint): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(4, nonce, true);
  return bytes;
}
