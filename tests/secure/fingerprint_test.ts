import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex } from "../../src/bytes.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";

Deno.test("fingerprint is the first 100 bits of an id in base 32, in groups of five", () => {
  const id = fromHex("66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
  assert.equal(fingerprint(id), "mzuhv-lpymk-6xo3e-pygfy");
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (id) => {
    assert.equal(fingerprint(id), slowly(id));
  }));
});

/** Bit by bit, by RFC 4648 §6. */
function slowly(id: Uint8Array): string {
  const bits = [...id].map((byte) => byte.toString(2).padStart(8, "0")).join("").slice(0, 100);
  const letters = bits.match(/.{5}/g)!.map((five) =>
    "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]
  );
  return letters.join("").match(/.{5}/g)!.join("-");
}
