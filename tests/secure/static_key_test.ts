import assert from "node:assert/strict";
import { decodeKey, encodeKey, sameKey } from "../../src/secure/static_key.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";

Deno.test("encodeKey and decodeKey are each other's way back, in 43 characters", () => {
  for (const key of [new Uint8Array(32), generateKeyPair().publicKey]) {
    assert.match(encodeKey(key), /^[\w-]{43}$/);
    assert.deepEqual(decodeKey(encodeKey(key)), key);
  }
});

Deno.test("decodeKey takes a key of 32 bytes alone", () => {
  for (const text of ["", "AAAA", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}!`]) {
    assert.throws(() => decodeKey(text), { code: "protocol", message: /^cannot decode/ }, text);
  }
});

Deno.test("sameKey tells keys apart by their last byte, and by their length", () => {
  const key = generateKeyPair().publicKey;
  const other = key.slice();
  other[31]! ^= 1;
  assert.ok(sameKey(key, key.slice()));
  assert.ok(!sameKey(key, other));
  assert.ok(!sameKey(key, key.subarray(0, 31)));
});
