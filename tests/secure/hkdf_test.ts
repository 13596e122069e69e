import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { hkdf, noiseHkdf2, noiseHkdf3 } from "../../src/secure/hkdf.ts";
import { haveVectors, hex, readWycheproof } from "./vectors.ts";

interface HkdfCase {
  ikm: string;
  salt: string;
  info: string;
  size: number;
  okm: string;
}

Deno.test({
  name: "hkdf passes Wycheproof",
  ignore: !haveVectors,
  fn() {
    const cases = readWycheproof<HkdfCase>("hkdf_sha256_test.json");
    assert.equal(cases.length, 86);
    for (const { tcId, comment, result, size, ...test } of cases) {
      const options = { salt: hex(test.salt), info: hex(test.info), length: size };
      const derive = () => hkdf(hex(test.ikm), options);
      if (result === "valid") assert.deepEqual(derive(), hex(test.okm), `${tcId} ${comment}`);
      else assert.throws(derive, RangeError, `${tcId} ${comment}`);
    }
  },
});

Deno.test("noiseHkdf2 and noiseHkdf3 are the HMAC chain of Noise §4.3", () => {
  const chainingKey = new Uint8Array(32).fill(1);
  for (const ikm of [new Uint8Array(0), new Uint8Array(32).fill(2)]) {
    const temp = hmac(chainingKey, ikm);
    const output1 = hmac(temp, new Uint8Array([1]));
    const output2 = hmac(temp, output1, new Uint8Array([2]));
    const output3 = hmac(temp, output2, new Uint8Array([3]));
    assert.deepEqual(noiseHkdf2(chainingKey, ikm), [output1, output2]);
    assert.deepEqual(noiseHkdf3(chainingKey, ikm), [output1, output2, output3]);
  }
});

function hmac(key: Uint8Array, ...data: Uint8Array[]): Uint8Array {
  const mac = createHmac("sha256", key);
  for (const part of data) mac.update(part);
  return new Uint8Array(mac.digest());
}
