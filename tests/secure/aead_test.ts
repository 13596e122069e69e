import assert from "node:assert/strict";
import { getCiphers } from "node:crypto";
import {
  type Aead,
  checked,
  loadNobleAead,
  nodeAead,
  open,
  seal,
  sealInto,
  TAG_BYTES,
} from "../../src/secure/aead.ts";
import { haveVectors, hex, readWycheproof } from "./vectors.ts";

interface AeadCase {
  key: string;
  iv: string;
  aad: string;
  msg: string;
  ct: string;
  tag: string;
}

const KEY = new Uint8Array(32).fill(1);
const NONCE = new Uint8Array(12).fill(2);
const PLAINTEXT = new TextEncoder().encode("as sealed as it gets");
const AD = new TextEncoder().encode("additional");
const notAuthentic = { name: "P2pError", code: "protocol", message: /authentication failed/ };

const nodeLacksIt = !getCiphers().includes("chacha20-poly1305");

Deno.test({
  name: "nodeAead passes Wycheproof",
  ignore: !haveVectors || nodeLacksIt,
  fn: () => passWycheproof(checked(nodeAead)),
});

Deno.test({
  name: "loadNobleAead passes Wycheproof",
  ignore: !haveVectors,
  fn: async () => passWycheproof(checked(await loadNobleAead())),
});

Deno.test({
  name: "seal and open pass Wycheproof",
  ignore: !haveVectors,
  fn: () => passWycheproof({ sealInto, open }),
});

Deno.test("seal agrees with both implementations at every length to 300", async () => {
  const noble = checked(await loadNobleAead());
  for (let length = 0; length <= 300; length++) {
    const plaintext = new Uint8Array(length).fill(length);
    const sealed = new Uint8Array(length + TAG_BYTES);
    noble.sealInto(sealed, KEY, NONCE, plaintext, AD);
    assert.deepEqual(seal(KEY, NONCE, plaintext, AD), sealed);
    assert.deepEqual(open(KEY, NONCE, sealed, AD), plaintext);
  }
});

Deno.test("open refuses every flipped bit, of ciphertext and tag", () => {
  const sealed = seal(KEY, NONCE, PLAINTEXT, AD);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => open(KEY, NONCE, changed, AD), notAuthentic);
  }
});

Deno.test("open refuses every length that is cut short", () => {
  const sealed = seal(KEY, NONCE, PLAINTEXT);
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => open(KEY, NONCE, sealed.subarray(0, length)), { code: "protocol" });
  }
});

Deno.test("open refuses another key, another nonce, another additional data", () => {
  const sealed = seal(KEY, NONCE, PLAINTEXT, AD);
  const other = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1);
  assert.throws(() => open(other(KEY), NONCE, sealed, AD), notAuthentic);
  assert.throws(() => open(KEY, other(NONCE), sealed, AD), notAuthentic);
  assert.throws(() => open(KEY, NONCE, sealed, other(AD)), notAuthentic);
  assert.throws(() => open(KEY, NONCE, sealed), notAuthentic);
});

Deno.test("sealInto writes into the target and nowhere beside it", () => {
  const frame = new Uint8Array(8 + PLAINTEXT.length + TAG_BYTES + 8).fill(0xaa);
  sealInto(frame.subarray(8, -8), KEY, NONCE, PLAINTEXT);
  assert.deepEqual(frame.slice(8, -8), seal(KEY, NONCE, PLAINTEXT));
  assert.deepEqual(frame.slice(0, 8), new Uint8Array(8).fill(0xaa));
  assert.deepEqual(frame.slice(-8), new Uint8Array(8).fill(0xaa));
});

Deno.test("sealInto refuses a target of another length", () => {
  for (const length of [PLAINTEXT.length + TAG_BYTES - 1, PLAINTEXT.length + TAG_BYTES + 1]) {
    const target = new Uint8Array(length);
    assert.throws(() => sealInto(target, KEY, NONCE, PLAINTEXT), RangeError);
    assert.deepEqual(target, new Uint8Array(length));
  }
});

Deno.test("seal and open refuse keys and nonces of another length", () => {
  for (const length of [0, 31, 33]) {
    assert.throws(() => seal(new Uint8Array(length), NONCE, PLAINTEXT), RangeError);
    assert.throws(() => open(new Uint8Array(length), NONCE, new Uint8Array(16)), RangeError);
  }
  for (const length of [0, 11, 13]) {
    assert.throws(() => seal(KEY, new Uint8Array(length), PLAINTEXT), RangeError);
    assert.throws(() => open(KEY, new Uint8Array(length), new Uint8Array(16)), RangeError);
  }
});

Deno.test("open returns memory of its own, of which slice copies", () => {
  const sealed = seal(KEY, NONCE, PLAINTEXT);
  const plaintext = open(KEY, NONCE, sealed);
  plaintext.slice().fill(0);
  sealed.fill(0);
  assert.deepEqual(plaintext, PLAINTEXT);
});

function passWycheproof(aead: Aead) {
  const cases = readWycheproof<AeadCase>("chacha20_poly1305_test.json");
  assert.equal(cases.length, 325);
  for (const { tcId, comment, result, key, iv, aad, msg, ct, tag } of cases) {
    const sealed = hex(ct + tag);
    const tryOpen = () => aead.open(hex(key), hex(iv), sealed, hex(aad));
    if (result !== "valid") {
      assert.throws(tryOpen, `${tcId} ${comment}`);
      continue;
    }
    assert.deepEqual(tryOpen(), hex(msg), `${tcId} ${comment}`);
    const target = new Uint8Array(sealed.length);
    aead.sealInto(target, hex(key), hex(iv), hex(msg), hex(aad));
    assert.deepEqual(target, sealed, `${tcId} ${comment}`);
  }
}
