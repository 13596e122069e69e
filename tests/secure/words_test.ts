import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex } from "../../src/bytes.ts";
import { fingerprint, fingerprintWords } from "../../src/secure/fingerprint.ts";
import { sharedWords } from "../../src/secure/shared_words.ts";
import { randomWords, WORDS, wordsOf } from "../../src/secure/words.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";

Deno.test("WORDS are 2,048, sorted, and told apart by four letters", () => {
  assert.equal(WORDS.length, 2_048);
  assert.deepEqual([...WORDS].sort(), WORDS);
  assert.equal(new Set(WORDS.map((word) => word.slice(0, 4))).size, WORDS.length);
});

Deno.test("wordsOf takes 11 bits for each word", () => {
  assert.deepEqual(wordsOf(Uint8Array.from([0, 0x1f, 0xfc]), 2), ["abandon", "zoo"]);
  assert.throws(() => wordsOf(new Uint8Array(4), 3), RangeError);
  fc.assert(fc.property(fc.uint8Array({ minLength: 11, maxLength: 11 }), (bytes) => {
    const bits = wordsOf(bytes, 8).map((word) => WORDS.indexOf(word).toString(2).padStart(11, "0"));
    assert.equal(bits.join(""), [...bytes].map((b) => b.toString(2).padStart(8, "0")).join(""));
  }));
});

Deno.test("randomWords gives so many words, and others each time", () => {
  assert.equal(randomWords(6).length, 6);
  assert.notDeepEqual(randomWords(6), randomWords(6));
});

Deno.test("fingerprintWords say the bits that fingerprint shows", async () => {
  const id = fromHex("66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
  const bits = BigInt("0x66687aadf862bd776c8fc18b8e").toString(2).padStart(104, "0").slice(0, 99);
  const words = bits.match(/.{11}/g)!.map((part) => WORDS[parseInt(part, 2)]);
  assert.deepEqual(await fingerprintWords(id), words);
  assert.equal(fingerprint(id).length, 23);
});

Deno.test("sharedWords are the same on both sides, and others with another key", () => {
  const [a, b, c] = [1, 2, 3].map(() => generateKeyPair().publicKey);
  assert.deepEqual(sharedWords(a!, b!), sharedWords(b!, a!));
  assert.equal(sharedWords(a!, b!).length, 8);
  assert.notDeepEqual(sharedWords(a!, b!), sharedWords(a!, c!));
});
