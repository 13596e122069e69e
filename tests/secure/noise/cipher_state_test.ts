import assert from "node:assert/strict";
import { seal } from "../../../src/secure/aead.ts";
import {
  CipherState,
  MAX_NOISE_MESSAGE_BYTES,
  MAX_NONCE,
} from "../../../src/secure/noise/cipher_state.ts";

const KEY = new Uint8Array(32).fill(7);
const AD = new Uint8Array([1, 2, 3]);
const TEXT = new TextEncoder().encode("one message");
const NONE = new Uint8Array(0);

function pair(): [CipherState, CipherState] {
  return [new CipherState(KEY), new CipherState(KEY)];
}

Deno.test("CipherState counts nonces in the last eight bytes, little-endian", () => {
  const cipher = new CipherState(KEY);
  assert.deepEqual(cipher.encryptWithAd(AD, TEXT), seal(KEY, new Uint8Array(12), TEXT, AD));
  const one = new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(cipher.encryptWithAd(AD, TEXT), seal(KEY, one, TEXT, AD));
  cipher.setNonce(0x0102030405060708n);
  const large = new Uint8Array([0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(cipher.encryptWithAd(AD, TEXT), seal(KEY, large, TEXT, AD));
});

Deno.test("CipherState keeps its nonce where a message is refused", () => {
  const [sender, receiver] = pair();
  const ciphertext = sender.encryptWithAd(AD, TEXT);
  const changed = ciphertext.map((byte, index) => index === 0 ? byte ^ 1 : byte);
  assert.throws(() => receiver.decryptWithAd(AD, changed), { code: "protocol" });
  assert.deepEqual(receiver.decryptWithAd(AD, ciphertext), TEXT);
});

Deno.test("CipherState refuses a replayed and a reordered message", () => {
  const [sender, receiver] = pair();
  const [first, second] = [sender.encryptWithAd(AD, TEXT), sender.encryptWithAd(AD, TEXT)];
  assert.throws(() => receiver.decryptWithAd(AD, second), { code: "protocol" });
  receiver.decryptWithAd(AD, first);
  assert.throws(() => receiver.decryptWithAd(AD, first), { code: "protocol" });
});

Deno.test("CipherState refuses the last nonce instead of wrapping", () => {
  const [sender, receiver] = pair();
  sender.setNonce(MAX_NONCE - 1n);
  receiver.setNonce(MAX_NONCE - 1n);
  assert.deepEqual(receiver.decryptWithAd(AD, sender.encryptWithAd(AD, TEXT)), TEXT);
  assert.throws(() => sender.encryptWithAd(AD, TEXT), /used up/);
  assert.throws(() => receiver.decryptWithAd(AD, new Uint8Array(32)), /used up/);
  assert.throws(() => sender.setNonce(MAX_NONCE + 1n), RangeError);
  assert.throws(() => sender.setNonce(-1n), RangeError);
});

Deno.test("CipherState.rekey takes the key that Noise §4.2 says, and keeps the nonce", () => {
  const cipher = new CipherState(KEY);
  cipher.encryptWithAd(AD, TEXT);
  cipher.rekey();
  const last = new Uint8Array([0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
  const key = seal(KEY, last, new Uint8Array(32)).slice(0, 32);
  const one = new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(cipher.encryptWithAd(AD, TEXT), seal(key, one, TEXT, AD));
});

Deno.test("CipherState refuses a message over 65,535 bytes", () => {
  const [sender, receiver] = pair();
  const most = new Uint8Array(MAX_NOISE_MESSAGE_BYTES - 16);
  assert.deepEqual(receiver.decryptWithAd(NONE, sender.encryptWithAd(NONE, most)), most);
  assert.throws(() => sender.encryptWithAd(NONE, new Uint8Array(most.length + 1)), RangeError);
  const long = new Uint8Array(MAX_NOISE_MESSAGE_BYTES + 1);
  assert.throws(() => receiver.decryptWithAd(NONE, long), { code: "protocol", message: /exceeds/ });
});

Deno.test("CipherState without a key passes text through, and cannot rekey", () => {
  const cipher = new CipherState();
  assert.equal(cipher.hasKey, false);
  assert.deepEqual(cipher.encryptWithAd(AD, TEXT), TEXT);
  assert.deepEqual(cipher.decryptWithAd(AD, TEXT), TEXT);
  assert.throws(() => cipher.rekey(), TypeError);
});
