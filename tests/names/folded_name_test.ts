import assert from "node:assert/strict";
import fc from "fast-check";
import { foldedName } from "../../src/names/folded_name.ts";
import { anyText } from "../helpers/any_text.ts";

Deno.test("foldedName is one for names that differ by case or normalisation", () => {
  const twins = [
    "ß SS ẞ ss",
    "İ i\u0307",
    "ς Σ σ",
    "K k \u212A",
    "Å å A\u030A \u212B",
    "ﬀ FF ff",
    "\u1FB4 \u03B1\u0345\u0301",
  ];
  for (const names of twins) {
    assert.equal(new Set(names.split(" ").map(foldedName)).size, 1, names);
  }
  assert.notEqual(foldedName("a"), foldedName("á"));
});

Deno.test("foldedName is one for a text composed, decomposed, and then in either case", () => {
  fc.assert(fc.property(anyText({ maxLength: 8 }), (text) => {
    const decomposed = text.normalize("NFD");
    const cases = [decomposed.toUpperCase(), decomposed.toLowerCase()];
    for (const twin of [text.normalize("NFC"), decomposed, ...cases, foldedName(text)]) {
      assert.equal(foldedName(twin), foldedName(text));
    }
  }));
});
