// deno-lint-ignore-file camelcase -- names of the public vectors
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  calculateGenerator,
  CpaceInitiator,
  CpaceResponder,
  deriveIsk,
  sampleScalar,
  scalarMult,
  scalarMultVfy,
} from "../../../src/secure/cpace/cpace.ts";
import { type CpaceInput, transcriptIr } from "../../../src/secure/cpace/cpace_strings.ts";
import { haveVectors, hex, readVectors } from "../vectors.ts";

interface CpaceVectors {
  G_Coffee25519: Record<
    "PRS" | "CI" | "sid" | "g" | "ya" | "ADa" | "Ya" | "yb" | "ADb" | "Yb" | "K" | "ISK_IR",
    string
  >;
  G_Coffee25519_points: {
    Valid: Record<
      "s" | "X" | "G.scalar_mult(s,decode(X))" | "G.scalar_mult_vfy(s,X)",
      string
    >;
    [invalid: `Invalid ${string}`]: string;
  };
}

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const bytes = (text: string) => new TextEncoder().encode(text);
const INPUT: CpaceInput = { prs: bytes("7-cedar-raven"), ci: bytes("a to b"), sid: bytes("h") };

Deno.test({
  name: "calculateGenerator, scalarMult and deriveIsk pass the vectors of ristretto255",
  ignore: !haveVectors,
  fn() {
    const { G_Coffee25519: v } = readVectors<CpaceVectors>("cpace/testvectors.json");
    const sid = hex(v.sid);
    const g = calculateGenerator({ prs: hex(v.PRS), ci: hex(v.CI), sid });
    assert.deepEqual(g, hex(v.g));
    const [ya, yb] = [scalarMult(scalar(v.ya), g), scalarMult(scalar(v.yb), g)];
    assert.deepEqual([ya, yb], [hex(v.Ya), hex(v.Yb)]);
    assert.deepEqual(scalarMultVfy(scalar(v.ya), yb), hex(v.K));
    assert.deepEqual(scalarMultVfy(scalar(v.yb), ya), hex(v.K));
    const transcript = transcriptIr({ ya, ada: hex(v.ADa), yb, adb: hex(v.ADb) });
    assert.deepEqual(deriveIsk(sid, hex(v.K), transcript), hex(v.ISK_IR));
  },
});

Deno.test({
  name: "scalarMultVfy passes the valid point and refuses the invalid ones of the vectors",
  ignore: !haveVectors,
  fn() {
    const { G_Coffee25519_points } = readVectors<CpaceVectors>("cpace/testvectors.json");
    const { Valid: valid, ...invalid } = G_Coffee25519_points;
    const s = scalar(valid.s);
    assert.deepEqual(scalarMult(s, hex(valid.X)), hex(valid["G.scalar_mult(s,decode(X))"]));
    assert.deepEqual(scalarMultVfy(s, hex(valid.X)), hex(valid["G.scalar_mult_vfy(s,X)"]));
    assert.equal(Object.keys(invalid).length, 2);
    for (const [name, point] of Object.entries(invalid)) {
      assert.equal(scalarMultVfy(s, hex(point)), undefined, name);
    }
  },
});

Deno.test("sampleScalar gives scalars of the group, another each time", () => {
  const scalars = Array.from({ length: 50 }, sampleScalar);
  assert.ok(scalars.every((scalar) => scalar > 0n && scalar < ORDER));
  assert.equal(new Set(scalars).size, scalars.length);
  assert.ok(scalars.some((scalar) => scalar > ORDER / 2n));
});

Deno.test("CpaceInitiator and CpaceResponder agree on a key where the secret is the same", () => {
  const [initiator, responder] = [new CpaceInitiator(INPUT), new CpaceResponder(INPUT)];
  const { isk, tag } = responder.finish(initiator.share, initiator.confirm(responder.share));
  assert.deepEqual(initiator.finish(tag), isk);
  assert.equal(isk.length, 64);
});

Deno.test("CpaceResponder refuses a run where anything differs, before it confirms", () => {
  for (const field of ["prs", "ci", "sid"] as const) {
    const initiator = new CpaceInitiator({ ...INPUT, [field]: bytes("other") });
    const responder = new CpaceResponder(INPUT);
    const tag = initiator.confirm(responder.share);
    assert.throws(() => responder.finish(initiator.share, tag), { code: "refused" }, field);
  }
});

Deno.test("CpaceInitiator refuses any other tag, and its own sent back", () => {
  const [initiator, responder] = [new CpaceInitiator(INPUT), new CpaceResponder(INPUT)];
  const own = initiator.confirm(responder.share);
  const { tag } = responder.finish(initiator.share, own);
  for (const wrong of [own, tag.slice(1), new Uint8Array(0), tag.map((b, i) => i ? b : b ^ 1)]) {
    assert.throws(() => initiator.finish(wrong), { name: "P2pError", code: "refused" });
  }
});

Deno.test("CpaceInitiator refuses its own share and tag reflected to it", () => {
  const initiator = new CpaceInitiator(INPUT);
  const tag = initiator.confirm(initiator.share);
  assert.throws(() => initiator.finish(tag), { code: "refused" });
});

Deno.test("CpaceInitiator and CpaceResponder refuse the identity and what is no point", () => {
  const noPoint = new Uint8Array(32).fill(0xff);
  for (const share of [new Uint8Array(32), noPoint, new Uint8Array(0), new Uint8Array(33)]) {
    const invalid = { name: "P2pError", code: "protocol", message: /not a valid point/ };
    assert.throws(() => new CpaceInitiator(INPUT).confirm(share), invalid);
    assert.throws(() => new CpaceResponder(INPUT).finish(share, new Uint8Array(64)), invalid);
  }
});

Deno.test("CpaceInitiator and CpaceResponder take one guess a run", () => {
  const [initiator, responder] = [new CpaceInitiator(INPUT), new CpaceResponder(INPUT)];
  assert.throws(() => initiator.finish(new Uint8Array(64)), TypeError);
  const tag = initiator.confirm(responder.share);
  assert.throws(() => initiator.confirm(responder.share), TypeError);
  assert.throws(() => responder.finish(initiator.share, tag.slice(1)), { code: "refused" });
  assert.throws(() => responder.finish(initiator.share, tag), TypeError);
});

Deno.test("CpaceInitiator and CpaceResponder agree for the same secret and for no other", () => {
  const secret = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(secret, secret, (mine, yours) => {
      const initiator = new CpaceInitiator({ ...INPUT, prs: mine });
      const responder = new CpaceResponder({ ...INPUT, prs: yours });
      const finish = () => responder.finish(initiator.share, initiator.confirm(responder.share));
      if (mine.join() === yours.join()) initiator.finish(finish().tag);
      else assert.throws(finish, { code: "refused" });
    }),
    { numRuns: 10 },
  );
});

function scalar(littleEndian: string): bigint {
  return BigInt(`0x${Buffer.from(hex(littleEndian)).reverse().toString("hex")}`);
}
