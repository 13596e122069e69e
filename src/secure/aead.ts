import { createCipheriv, createDecipheriv, getCiphers } from "node:crypto";
import { handOver, releaseBuffer } from "../buffer_pool.ts";
import { P2pError } from "../errors.ts";

/** Bytes of a key, a nonce and a tag (RFC 8439 §2.8). */
export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** One implementation of ChaCha20-Poly1305; a sealed text is `ciphertext ‖ tag`. */
export interface Aead {
  /** Seals into `target`, which is `TAG_BYTES` longer than `plaintext`. */
  sealInto(
    target: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    ad?: Uint8Array,
  ): void;
  /** The plaintext of `sealed`, or an error and nothing of it. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, ad?: Uint8Array): Uint8Array;
}

const ALGORITHM = "chacha20-poly1305";
const OPTIONS = { authTagLength: TAG_BYTES };

/** ChaCha20-Poly1305 of `node:crypto`; Deno has it since 2.7.10. */
export const nodeAead: Aead = {
  sealInto(target, key, nonce, plaintext, ad) {
    const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS);
    if (ad !== undefined) cipher.setAAD(ad, { plaintextLength: plaintext.length });
    const ciphertext = cipher.update(plaintext);
    target.set(ciphertext);
    releaseBuffer(handOver(ciphertext));
    cipher.final();
    target.set(cipher.getAuthTag(), plaintext.length);
  },
  open(key, nonce, sealed, ad) {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS);
    const plaintextLength = sealed.length - TAG_BYTES;
    if (ad !== undefined) decipher.setAAD(ad, { plaintextLength });
    decipher.setAuthTag(sealed.subarray(plaintextLength));
    const plaintext = decipher.update(sealed.subarray(0, plaintextLength));
    decipher.final();
    // Not the Buffer itself: its slice() shares memory where that of Uint8Array copies.
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  },
};

/** ChaCha20-Poly1305 of `@noble/ciphers`: about a sixth of the speed, on every runtime. */
export async function loadNobleAead(): Promise<Aead> {
  const { chacha20poly1305 } = await import("@noble/ciphers/chacha.js");
  return {
    sealInto(target, key, nonce, plaintext, ad) {
      chacha20poly1305(key, nonce, ad).encrypt(plaintext, target);
    },
    open: (key, nonce, sealed, ad) => chacha20poly1305(key, nonce, ad).decrypt(sealed),
  };
}

const aead = checked(getCiphers().includes(ALGORITHM) ? nodeAead : await loadNobleAead());

/** `ciphertext ‖ tag` of `plaintext` (RFC 8439 §2.8) under a 32-byte key and a 12-byte nonce. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  ad?: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  aead.sealInto(sealed, key, nonce, plaintext, ad);
  return sealed;
}

/** As `seal`, into a `target` of the caller that is exactly 16 bytes longer than `plaintext`. */
export const sealInto: Aead["sealInto"] = aead.sealInto;

/** The plaintext of `sealed`; P2pError `protocol`, and no data, where it is not authentic. */
export const open: Aead["open"] = aead.open;

/** Adds the checks and the error that both implementations have in common. */
export function checked(aead: Aead): Aead {
  return {
    sealInto(target, key, nonce, plaintext, ad) {
      checkLengths(key, nonce);
      const length = plaintext.length + TAG_BYTES;
      if (target.length !== length) {
        throw new RangeError(
          `cannot seal: target of ${target.length} bytes where ${length} are needed`,
        );
      }
      aead.sealInto(target, key, nonce, plaintext, ad);
    },
    open(key, nonce, sealed, ad) {
      checkLengths(key, nonce);
      if (sealed.length < TAG_BYTES) {
        throw new P2pError(
          "protocol",
          `cannot open: ${sealed.length} bytes are shorter than a tag`,
        );
      }
      try {
        return aead.open(key, nonce, sealed, ad);
      } catch (cause) {
        throw new P2pError("protocol", "cannot open: authentication failed", { cause });
      }
    },
  };
}

function checkLengths(key: Uint8Array, nonce: Uint8Array) {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`key of ${key.length} bytes, not ${KEY_BYTES}`);
  }
  if (nonce.length !== NONCE_BYTES) {
    throw new RangeError(`nonce of ${nonce.length} bytes, not ${NONCE_BYTES}`);
  }
}
