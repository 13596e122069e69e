import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import {
  MAX_ENVELOPE_PAYLOAD_BYTES,
  openEnvelope,
  PURPOSE,
  sealEnvelope,
} from "../../src/secure/envelope.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { kemKeyPair } from "../../src/secure/ml_kem.ts";
import { fullOr } from "../helpers/full_or.ts";

const [sender, receiver, other] = [
  await identityKeys(),
  await identityKeys(),
  await identityKeys(),
];
const transferId = randomBytes(16);
const context = { purpose: PURPOSE.offer, transferId };
const seal = (payload: Uint8Array) => sealEnvelope(payload, { ...context, sender, receiver });

Deno.test("openEnvelope gives what was sealed, and proves whose key did it", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (payload) => {
    const opened = await openEnvelope(await seal(payload), { ...context, receiver });
    assert.deepEqual(opened.payload, new Uint8Array(payload));
    assert.deepEqual(opened.sender.id, sender.id);
  }));
});

Deno.test("openEnvelope opens nothing for another receiver, transfer or purpose", async () => {
  const sealed = await seal(randomBytes(10));
  const wrong = [
    { ...context, receiver: other },
    { ...context, receiver: await withKem(receiver) },
    { ...context, receiver: { ...other, kemPair: receiver.kemPair } },
    { ...context, receiver: sender },
    { ...context, receiver, transferId: randomBytes(16) },
    { ...context, receiver, purpose: PURPOSE.answer },
  ];
  for (const options of wrong) {
    await assert.rejects(() => openEnvelope(sealed, options), { code: "protocol" });
  }
  await openEnvelope(sealed, { ...context, receiver });
});

Deno.test("openEnvelope refuses a flipped bit wherever it is, and every other length", async () => {
  const sealed = await seal(randomBytes(40));
  const ciphertextAt = 32, keyAt = ciphertextAt + 1_104;
  const stepAt = (byte: number) => byte > keyAt + 48 || byte < 32 ? 5 : 9;
  for (let byte = 0; byte < sealed.length; byte += fullOr(1, 6) * stepAt(byte)) {
    const changed = sealed.slice();
    changed[byte]! ^= 1 << byte % 8;
    await assert.rejects(() => openEnvelope(changed, { ...context, receiver }), {
      code: "protocol",
    });
  }
  for (const length of [0, 1, 31, 32, 1_135, 1_136, 1_183, 1_184, 1_200, sealed.length - 1]) {
    const cut = sealed.subarray(0, length);
    await assert.rejects(() => openEnvelope(cut, { ...context, receiver }), { code: "protocol" });
  }
  const longer = Uint8Array.from([...sealed, 0]);
  await assert.rejects(() => openEnvelope(longer, { ...context, receiver }), { code: "protocol" });
});

Deno.test("sealEnvelope makes another envelope each time, and none that is too long", async () => {
  const payload = new Uint8Array(MAX_ENVELOPE_PAYLOAD_BYTES);
  assert.notDeepEqual(await seal(payload), await seal(payload));
  await assert.rejects(() => seal(new Uint8Array(MAX_ENVELOPE_PAYLOAD_BYTES + 1)), RangeError);
});

/** The same person with another KEM key. */
async function withKem(keys: IdentityKeys): Promise<IdentityKeys> {
  return { ...keys, kemPair: await kemKeyPair() };
}
