import { randomBytes } from "./random.ts";
import { P2pError } from "../errors.ts";

/**
 * Bytes of an encapsulation key, a ciphertext, a shared secret and a seed of ML-KEM-768 (FIPS 203).
 */
export const KEM_PUBLIC_KEY_BYTES = 1_184;
export const KEM_CIPHERTEXT_BYTES = 1_088;
export const KEM_SECRET_BYTES = 32;
export const KEM_SEED_BYTES = 64;

/** A key pair of ML-KEM-768; the seed (`d ‖ z`) is its private half. */
export interface KemKeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A shared secret, and the ciphertext that brings it to the owner of the key. */
export interface Encapsulation {
  secret: Uint8Array;
  ciphertext: Uint8Array;
}

/** One implementation of ML-KEM-768. */
export interface MlKem {
  /** The encapsulation key of a seed. */
  publicKeyOf(seed: Uint8Array): Promise<Uint8Array>;
  /** A fresh secret for the owner of `publicKey`, or an error where that is not a key. */
  encapsulate(publicKey: Uint8Array): Promise<Encapsulation>;
  /** The secret of `ciphertext`; a random one where that was not made for this key. */
  decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>;
}

const ALGORITHM = { name: "ML-KEM-768" };

/** WebCrypto's functions for key encapsulation; the types of the runtime do not know them yet. */
interface KemSubtle {
  importKey(
    format: "raw-public" | "raw-seed",
    key: Uint8Array,
    algorithm: typeof ALGORITHM,
    extractable: boolean,
    usages: string[],
  ): Promise<CryptoKey>;
  exportKey(format: "raw-public", key: CryptoKey): Promise<ArrayBuffer>;
  getPublicKey(key: CryptoKey, usages: string[]): Promise<CryptoKey>;
  encapsulateBits(
    algorithm: typeof ALGORITHM,
    key: CryptoKey,
  ): Promise<{ sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }>;
  decapsulateBits(
    algorithm: typeof ALGORITHM,
    key: CryptoKey,
    ciphertext: Uint8Array,
  ): Promise<ArrayBuffer>;
}

const subtle = crypto.subtle as unknown as KemSubtle;

/** ML-KEM-768 of WebCrypto; Deno has it since 2.9. */
export const webMlKem: MlKem = {
  async publicKeyOf(seed) {
    const publicKey = await subtle.getPublicKey(await importSeed(seed), ["encapsulateBits"]);
    return new Uint8Array(await subtle.exportKey("raw-public", publicKey));
  },
  async encapsulate(publicKey) {
    const key = await subtle.importKey("raw-public", publicKey, ALGORITHM, false, [
      "encapsulateBits",
    ]);
    const { sharedKey, ciphertext } = await subtle.encapsulateBits(ALGORITHM, key);
    return { secret: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) };
  },
  async decapsulate(seed, ciphertext) {
    const key = await importSeed(seed);
    return new Uint8Array(await subtle.decapsulateBits(ALGORITHM, key, ciphertext));
  },
};

function importSeed(seed: Uint8Array): Promise<CryptoKey> {
  return subtle.importKey("raw-seed", seed, ALGORITHM, true, ["decapsulateBits"]);
}

/**
 * ML-KEM-768 of `@noble/post-quantum`: slower, on every runtime. `message` is for vectors alone.
 */
export async function loadNobleMlKem(message?: Uint8Array): Promise<MlKem> {
  const { ml_kem768 } = await import("@noble/post-quantum/ml-kem.js");
  return {
    publicKeyOf: (seed) => attempt(() => ml_kem768.keygen(seed).publicKey),
    encapsulate: (publicKey) =>
      attempt(() => {
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message);
        return { secret: sharedSecret, ciphertext: cipherText };
      }),
    decapsulate: (seed, ciphertext) =>
      attempt(() => ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(seed).secretKey)),
  };
}

function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/** Adds the checks and the errors that all implementations have in common. */
export function checkedMlKem(load: () => Promise<MlKem>): MlKem {
  let loaded: Promise<MlKem> | undefined;
  const kem = () => loaded ??= load();
  return {
    async publicKeyOf(seed) {
      checkSeed(seed);
      return (await kem()).publicKeyOf(seed);
    },
    async encapsulate(publicKey) {
      checkLength("public key", publicKey, KEM_PUBLIC_KEY_BYTES);
      const implementation = await kem();
      try {
        return await implementation.encapsulate(publicKey);
      } catch (cause) {
        throw new P2pError("protocol", "cannot agree on a key: not a key of ML-KEM-768", { cause });
      }
    },
    async decapsulate(seed, ciphertext) {
      checkSeed(seed);
      checkLength("ciphertext", ciphertext, KEM_CIPHERTEXT_BYTES);
      return (await kem()).decapsulate(seed, ciphertext);
    },
  };
}

/** The implementation that this runtime has, loaded when it is first needed. */
export const mlKem: MlKem = checkedMlKem(() =>
  hasNative() ? Promise.resolve(webMlKem) : loadNobleMlKem()
);

/** A new key pair, or the one of `seed`. */
export async function kemKeyPair(
  seed: Uint8Array = randomBytes(KEM_SEED_BYTES),
): Promise<KemKeyPair> {
  return { seed, publicKey: await mlKem.publicKeyOf(seed) };
}

/**
 * Does once what the first encapsulation of a process costs (0.1 s of one thread: the generator of
 * random bytes starts), so that nobody waits for it later.
 */
export async function warmMlKem(): Promise<void> {
  await mlKem.encapsulate((await kemKeyPair()).publicKey);
}

function hasNative(): boolean {
  const { supports } = SubtleCrypto as { supports?: (use: string, algorithm: string) => boolean };
  return ["encapsulateBits", "decapsulateBits"].every((use) =>
    supports?.call(SubtleCrypto, use, ALGORITHM.name) ?? false
  );
}

function checkSeed(seed: Uint8Array) {
  if (seed.length !== KEM_SEED_BYTES) throw new RangeError(`seed of ${seed.length} bytes`);
}

function checkLength(what: string, bytes: Uint8Array, length: number) {
  if (bytes.length === length) return;
  throw new P2pError("protocol", `cannot agree on a key: ${what} of ${bytes.length} bytes`);
}
