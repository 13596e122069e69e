import assert from "node:assert/strict";
import fc from "fast-check";
import { P2pError } from "../../src/errors.ts";
import { checkedPeerName, MAX_PEER_NAME_LENGTH } from "../../src/names/peer_name.ts";
import { fullOr } from "../helpers/full_or.ts";
import { anyText } from "../helpers/any_text.ts";

Deno.test("checkedPeerName takes names of people and machines", () => {
  for (
    const name of [
      "a",
      "Zoë Müller",
      "lab-7.local",
      "李明",
      "👩‍🔬".replace("\u200d", ""),
      "x".repeat(64),
      "-rf",
      "~",
    ]
  ) {
    assert.equal(checkedPeerName(name), name);
  }
});

Deno.test("checkedPeerName refuses what SPEC.md §13 does not allow", () => {
  const bad = [
    "",
    "x".repeat(65),
    " a",
    "a ",
    "\ta",
    "a\n",
    "a\u0000b",
    "a\u001b[31m",
    "a\u009bb",
    "a\u007f",
  ]
    .concat([
      "a\u202eb",
      "a\u200bb",
      "a\ufeffb",
      "a\u00adb",
      "a\u2028b",
      "a\u2029b",
      "a\u00a0b",
      "a\u3000b",
      "a\u2003b",
    ])
    .concat(["a\ud800", "\udc00b", "a\uffff", " ", "\u00a0"]);
  for (const name of bad) {
    assert.throws(() => checkedPeerName(name), { code: "refused" }, JSON.stringify(name));
  }
});

Deno.test("checkedPeerName refuses what is no text", () => {
  for (const name of [undefined, null, 1, {}, ["a"], { toString: 1 }, Object.create(null)]) {
    assert.throws(() => checkedPeerName(name), { code: "refused" });
  }
});

Deno.test("checkedPeerName counts after it has normalised", () => {
  assert.equal(checkedPeerName("e\u0301"), "\u00e9");
  assert.equal(checkedPeerName("e\u0301".repeat(64)), "\u00e9".repeat(64));
  assert.throws(() => checkedPeerName("e\u0301".repeat(65)), { code: "refused" });
  // This one is two code units after NFC, and 33 of them are 66.
  assert.throws(() => checkedPeerName("\u0958".repeat(33)), { code: "refused" });
});

Deno.test("checkedPeerName gives a name that it takes unchanged, or a refusal", () => {
  fc.assert(
    fc.property(anyText({ maxLength: 80 }), (raw) => {
      try {
        const name = checkedPeerName(raw);
        assert.equal(checkedPeerName(name), name);
        assert.ok(name.length <= MAX_PEER_NAME_LENGTH);
      } catch (error) {
        assert.ok(error instanceof P2pError && error.code === "refused", String(error));
      }
    }),
    { numRuns: fullOr(100, 20) },
  );
});
