import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createCipheriv, createHash, hkdfSync } from "node:crypto";
import { VECTORS } from "./compute.ts";
import type { Vector } from "./vector.ts";

for (const [file, compute] of Object.entries(VECTORS)) {
  Deno.test(`the code gives what tests/vectors/${file}.json says`, async () => {
    assert.deepEqual(await compute(), await read(file));
  });
}

Deno.test("the vectors of chunks are what RFC 5869 and RFC 8439 make of SPEC.md §9", async () => {
  for (const { name, keys, in: given, out } of await read("chunks")) {
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64BE(BigInt(given.offset!));
    const info = Buffer.concat([Buffer.from("p2p/2 data"), hex(given.transfer!), offset]);
    const key = Buffer.from(
      hkdfSync("sha256", hex(keys.transferKey!), hex(keys.salt!), info, 32),
    );
    assert.equal(key.toString("hex"), out.dataKey, name);
    const length = Number(given["bytes counting up from 0"]);
    const content = Buffer.from(Uint8Array.from({ length }, (_, i) => i & 255));
    const count = Math.max(1, Math.ceil(length / 262_144));
    for (let i = 0; i < count; i++) {
      const flags = i === count - 1 ? 1 : 0;
      const nonce = Buffer.from([...new Uint8Array(10), i, flags]);
      const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
      const sealed = Buffer.concat([
        ...[Buffer.from([flags]), cipher.update(content.subarray(i * 262_144, (i + 1) * 262_144))],
        ...[cipher.final(), cipher.getAuthTag()],
      ]);
      const expected = sealed.length > 100
        ? createHash("sha256").update(sealed).digest("hex")
        : sealed.toString("hex");
      assert.equal(out[`chunk ${i}`] ?? out[`sha256 of ${i}`], expected, name);
    }
  }
});

Deno.test("the vectors of identities are SHA-256 of the public keys, and what is made of it", async () => {
  for (const { name, in: given, out } of await read("identities")) {
    const id = createHash("sha256").update(hex(out.publicKeys!)).digest();
    assert.equal(id.toString("hex"), out.id, name);
    const part = createHash("sha256").update(id).update(hex(given.transfer!)).digest("hex");
    assert.equal(part.slice(0, 32), out.partId, name);
  }
});

async function read(file: string): Promise<Vector[]> {
  return JSON.parse(await Deno.readTextFile(new URL(`${file}.json`, import.meta.url)));
}

function hex(digits: string | number): Buffer {
  return Buffer.from(String(digits), "hex");
}
