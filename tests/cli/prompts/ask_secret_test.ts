import assert from "node:assert/strict";
import { completedSecret, slipIn } from "../../../src/cli/prompts/ask_secret.ts";
import { normalizedSecret } from "../../../src/secure/secret.ts";

const SECRET = "zebra-clock-crowd-abandon-ability-zoo";

Deno.test("six words are one secret, however they are written", () => {
  for (const typed of [SECRET, ` ${SECRET.toUpperCase()}\n`, SECRET.replaceAll("-", " - ")]) {
    assert.equal(normalizedSecret(typed), SECRET);
  }
  assert.equal(normalizedSecret("zebr cloc crow aban abil zoo"), "zebr-cloc-crow-aban-abil-zoo");
  assert.equal(completedSecret("zebr Cloc crow aban abil zoo"), SECRET);
});

Deno.test("any other secret stays as it is typed", () => {
  const others = ["Correct Horse", "five words are not six", "a b c d e f7", "ÄÖ ä ö ü ß ẞ"];
  for (const typed of others) {
    assert.equal(normalizedSecret(` ${typed} `), typed);
    assert.equal(completedSecret(typed), typed);
    assert.equal(slipIn(typed), undefined);
  }
  assert.equal(slipIn("my dog has six red shoes"), undefined, "somebody's own words");
});

Deno.test("a word that no made-up secret has is found before it is a guess", () => {
  assert.equal(slipIn(SECRET), undefined);
  assert.match(slipIn(SECRET.replace("zebra", "zerba"))!, /^"zerba" is no word/);
  assert.match(slipIn(SECRET.replace("zoo", "Zoe"))!, /^"zoe" is no word/);
});
