import assert from "node:assert/strict";
import { dh, generateKeyPair, keyPairFrom } from "../../src/secure/x25519.ts";
import { haveVectors, hex, readWycheproof } from "./vectors.ts";

const ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const ALICE_PUBLIC = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
const BOB = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const BOB_PUBLIC = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const SHARED = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

const lowOrder = { name: "P2pError", code: "protocol", message: /low order/ };

Deno.test({
  name: "dh passes Wycheproof, and refuses just the zero secrets",
  ignore: !haveVectors,
  fn() {
    const cases = readWycheproof<{ public: string; private: string; shared: string }>(
      "x25519_test.json",
    );
    assert.equal(cases.length, 518);
    const isZero = ({ shared }: { shared: string }) => /^0+$/.test(shared);
    assert.equal(cases.filter(isZero).length, 31);
    for (const { tcId, comment, ...test } of cases) {
      const agree = () => dh(hex(test.private), hex(test.public));
      const name = `${tcId} ${comment}`;
      if (isZero(test)) assert.throws(agree, lowOrder, name);
      else assert.deepEqual(agree(), hex(test.shared), name);
    }
  },
});

Deno.test("keyPairFrom gives the public keys of RFC 7748 §6.1, and dh their secret", () => {
  const alice = keyPairFrom(hex(ALICE));
  const bob = keyPairFrom(hex(BOB));
  assert.deepEqual(alice.publicKey, hex(ALICE_PUBLIC));
  assert.deepEqual(bob.publicKey, hex(BOB_PUBLIC));
  assert.deepEqual(dh(alice.privateKey, bob.publicKey), hex(SHARED));
  assert.deepEqual(dh(bob.privateKey, alice.publicKey), hex(SHARED));
});

Deno.test("generateKeyPair gives another pair each time, on which both sides agree", () => {
  const [a, b] = [generateKeyPair(), generateKeyPair()];
  assert.notDeepEqual(a.privateKey, b.privateKey);
  assert.deepEqual(keyPairFrom(a.privateKey), a);
  assert.deepEqual(dh(a.privateKey, b.publicKey), dh(b.privateKey, a.publicKey));
});

Deno.test("dh refuses a public key of another length", () => {
  const { privateKey, publicKey } = generateKeyPair();
  for (const key of [new Uint8Array(0), publicKey.slice(1), new Uint8Array([...publicKey, 0])]) {
    assert.throws(() => dh(privateKey, key), { code: "protocol" });
  }
});

Deno.test("keyPairFrom refuses a private key of another length", () => {
  for (const length of [0, 31, 33]) {
    assert.throws(() => keyPairFrom(new Uint8Array(length)), RangeError);
  }
});
