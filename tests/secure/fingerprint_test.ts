import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { fingerprint } from "../../src/secure/fingerprint.ts";

Deno.test("fingerprint is the first 100 bits of SHA-256 in base 32, in groups of five", () => {
  // SHA-256 of 32 zero bytes is 66687aadf862bd776c8fc18b8e…
  assert.equal(fingerprint(new Uint8Array(32)), "mzuhv-lpymk-6xo3e-pygfy");
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
    assert.equal(fingerprint(key), slowly(key));
  }));
});

/** Bit by bit, by RFC 4648 §6. */
function slowly(key: Uint8Array): string {
  const digest = [...createHash("sha256").update(key).digest()];
  const bits = digest.map((byte) => byte.toString(2).padStart(8, "0")).join("").slice(0, 100);
  const letters = bits.match(/.{5}/g)!.map((five) =>
    "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]
  );
  return letters.join("").match(/.{5}/g)!.join("-");
}
