import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  checkedMlKem,
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SECRET_BYTES,
  KEM_SEED_BYTES,
  kemKeyPair,
  loadNobleMlKem,
  type MlKem,
  mlKem,
  webMlKem,
} from "../../src/secure/ml_kem.ts";
import { fullOr } from "../helpers/full_or.ts";

const web = checkedMlKem(() => Promise.resolve(webMlKem));
const noble = checkedMlKem(loadNobleMlKem);
const IMPLEMENTATIONS: [string, MlKem][] = [["WebCrypto", web], ["noble", noble]];

/**
 * Public accumulated hashes of ML-KEM-768 over keys, messages and ciphertexts drawn from SHAKE128
 * of nothing (those of the tests of Go's crypto/mlkem): one digest stands for all vectors of a run.
 */
const AFTER_100 = "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415";

for (const [name, kem] of IMPLEMENTATIONS) {
  Deno.test(`${name} makes keys, opens and rejects as the public hash over 100 rounds says`, async () => {
    const random = shakeReader();
    const said = createHash("shake128", { outputLength: 32 });
    for (let round = 0; round < 100; round++) {
      const seed = random(KEM_SEED_BYTES);
      const publicKey = await kem.publicKeyOf(seed);
      // Only one of the two takes the randomness from outside; what it made, both have to open.
      const fixed = await loadNobleMlKem(random(KEM_SECRET_BYTES));
      const { ciphertext, secret } = await fixed.encapsulate(publicKey);
      assert.deepEqual(await kem.decapsulate(seed, ciphertext), secret);
      const rejected = await kem.decapsulate(seed, random(KEM_CIPHERTEXT_BYTES));
      for (const bytes of [publicKey, ciphertext, secret, rejected]) said.update(bytes);
    }
    assert.equal(said.digest("hex"), AFTER_100);
  });

  Deno.test(`${name} opens what the other one made`, async () => {
    for (const [, other] of IMPLEMENTATIONS) {
      const seed = new Uint8Array(randomBytes(KEM_SEED_BYTES));
      const { ciphertext, secret } = await other.encapsulate(await kem.publicKeyOf(seed));
      assert.equal(secret.length, KEM_SECRET_BYTES);
      assert.deepEqual(await kem.decapsulate(seed, ciphertext), secret);
    }
  });

  Deno.test(`${name} gives another secret, and no error, for every flipped bit of a ciphertext`, async () => {
    const { seed, publicKey } = await kemKeyPair();
    const { ciphertext, secret } = await kem.encapsulate(publicKey);
    const seen = new Set([hexOf(secret)]);
    for (let byte = 0; byte < KEM_CIPHERTEXT_BYTES; byte += fullOr(7, 70)) {
      const changed = ciphertext.slice();
      changed[byte]! ^= 1 << byte % 8;
      const rejected = await kem.decapsulate(seed, changed);
      assert.deepEqual(await kem.decapsulate(seed, changed), rejected, "the same each time");
      assert.equal(seen.size, seen.add(hexOf(rejected)).size - 1, `byte ${byte}`);
    }
  });

  Deno.test(`${name} refuses keys and ciphertexts of another length`, async () => {
    const { seed, publicKey } = await kemKeyPair();
    const { ciphertext } = await kem.encapsulate(publicKey);
    for (const length of [0, 1, KEM_PUBLIC_KEY_BYTES - 1, KEM_PUBLIC_KEY_BYTES + 1]) {
      await assert.rejects(kem.encapsulate(sized(publicKey, length)), { code: "protocol" });
    }
    for (const length of [0, 1, KEM_CIPHERTEXT_BYTES - 1, KEM_CIPHERTEXT_BYTES + 1]) {
      const cut = sized(ciphertext, length);
      await assert.rejects(kem.decapsulate(seed, cut), { code: "protocol" });
    }
    await assert.rejects(kem.publicKeyOf(sized(seed, KEM_SEED_BYTES - 1)), RangeError);
    await assert.rejects(kem.decapsulate(sized(seed, 32), ciphertext), RangeError);
  });

  Deno.test(`${name} refuses a key with a coefficient of the modulus or more, wherever it is`, async () => {
    const { publicKey } = await kemKeyPair();
    for (const coefficient of [0, 1, 2, 383, 766, 767]) {
      for (const value of [3_329, 4_095]) {
        const changed = withCoefficient(publicKey, { coefficient, value });
        await assert.rejects(kem.encapsulate(changed), { code: "protocol" });
      }
      await kem.encapsulate(withCoefficient(publicKey, { coefficient, value: 3_328 }));
    }
  });
}

Deno.test("kemKeyPair is another one each time, and the one of a seed", async () => {
  const [one, two] = [await kemKeyPair(), await kemKeyPair()];
  assert.notDeepEqual(one.publicKey, two.publicKey);
  assert.deepEqual(await kemKeyPair(one.seed), one);
  const { ciphertext, secret } = await mlKem.encapsulate(one.publicKey);
  assert.deepEqual(await mlKem.decapsulate(one.seed, ciphertext), secret);
  assert.notDeepEqual(await mlKem.decapsulate(two.seed, ciphertext), secret);
});

/** Reads on and on in SHAKE128 of nothing. */
function shakeReader(): (length: number) => Uint8Array {
  const stream = createHash("shake128", { outputLength: 150_000 }).digest();
  let at = 0;
  return (length) => new Uint8Array(stream.subarray(at, at += length));
}

/** An encapsulation key whose coefficient of 12 bits is set. */
function withCoefficient(
  publicKey: Uint8Array,
  { coefficient, value }: { coefficient: number; value: number },
): Uint8Array {
  const changed = publicKey.slice();
  const at = Math.floor(coefficient / 2) * 3;
  if (coefficient % 2 === 0) {
    changed[at] = value & 255;
    changed[at + 1] = changed[at + 1]! & 0xf0 | value >> 8;
  } else {
    changed[at + 1] = changed[at + 1]! & 0x0f | (value & 15) << 4;
    changed[at + 2] = value >> 4;
  }
  return changed;
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  const changed = new Uint8Array(length);
  changed.set(bytes.subarray(0, length));
  return changed;
}

function hexOf(bytes: Uint8Array): string {
  return bytes.toHex();
}
