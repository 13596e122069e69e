import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { loadNobleAead } from "../../src/secure/aead.ts";
import { CipherState } from "../../src/secure/noise/cipher_state.ts";
import { RecordCipher, RECORDS_PER_KEY } from "../../src/secure/record_cipher.ts";
import { fullOr } from "../helpers/full_or.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const MESSAGE = Uint8Array.from([1, 2, 3]);
const noble = await loadNobleAead();

Deno.test("RecordCipher opens what the other side sealed, in its order", () => {
  const [sender, receiver] = [start(), start()];
  for (let i = 0; i < 10; i++) {
    const message = new Uint8Array(i * 100).fill(i);
    assert.deepEqual(receiver.open(sender.seal(message)), message);
  }
});

Deno.test({
  name:
    "RecordCipher changes the key after 65,536 records, as Noise §4.2 says, and counts nonces on",
  ignore: fullOr(false, true),
  fn() {
    const sender = start();
    for (let i = 0; i < 65_535; i++) sender.seal(MESSAGE);
    const next = sealedBytes(KEY, 2n ** 64n - 1n, new Uint8Array(32)).slice(0, 32);
    for (const record of [sealed(KEY, 65_535n), sealed(next, 65_536n)]) {
      assert.deepEqual(sender.seal(MESSAGE), record);
    }
    assert.equal(RECORDS_PER_KEY, 65_536);
  },
});

Deno.test({
  name: "RecordCipher goes on across changes of the key",
  ignore: fullOr(false, true),
  fn() {
    const [sender, receiver] = [start(), start()];
    for (let i = 0; i < 3 * RECORDS_PER_KEY + 2; i++) {
      assert.equal(receiver.open(sender.seal(MESSAGE))[0], 1);
    }
  },
});

Deno.test("RecordCipher refuses records that were swapped, dropped, sent again or changed", () => {
  const tampering: [string, (records: Uint8Array[]) => Uint8Array[]][] = [
    ["swapped", ([a, b, c]) => [a!, c!, b!]],
    ["dropped", ([a, , c]) => [a!, c!]],
    ["sent again", ([a]) => [a!, a!]],
    ["changed", ([a, b]) => [a!, b!.with(0, b![0]! ^ 1)]],
    ["cut short", ([a, b]) => [a!, b!.subarray(0, -1)]],
  ];
  for (const [what, tamper] of tampering) {
    const [sender, receiver] = [start(), start()];
    const [first, second] = tamper([1, 2, 3].map(() => sender.seal(MESSAGE)));
    receiver.open(first!);
    assert.throws(() => receiver.open(second!), { code: "protocol" }, what);
  }
});

Deno.test("RecordCipher refuses a record of the other direction", () => {
  const receiver = new RecordCipher(new CipherState(KEY.toReversed()));
  assert.throws(() => receiver.open(start().seal(MESSAGE)), { code: "protocol" });
});

function start(): RecordCipher {
  return new RecordCipher(new CipherState(KEY));
}

/** The record of MESSAGE under that key and nonce, without our own code for either. */
function sealed(key: Uint8Array, nonce: bigint): Uint8Array {
  return sealedBytes(key, nonce, MESSAGE);
}

function sealedBytes(key: Uint8Array, nonce: bigint, plaintext: Uint8Array): Uint8Array {
  const iv = Buffer.alloc(12);
  iv.writeBigUInt64LE(nonce, 4);
  const target = new Uint8Array(plaintext.length + 16);
  noble.sealInto(target, key, iv, plaintext);
  return target;
}
