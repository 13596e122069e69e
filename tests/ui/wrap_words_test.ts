import assert from "node:assert/strict";
import { wrapWords } from "../../src/ui/wrap_words.ts";

Deno.test("wrapWords breaks between words, at the width and not before", () => {
  assert.deepEqual(wrapWords("one two three", 13), ["one two three"]);
  assert.deepEqual(wrapWords("one two three", 12), ["one two", "three"]);
  assert.deepEqual(wrapWords("one two three", 1), ["one", "two", "three"]);
  assert.deepEqual(wrapWords("", 5), [""]);
});

Deno.test("wrapWords keeps a number and its unit together", () => {
  assert.deepEqual(wrapWords("latency 4 ms", 9), ["latency", "4 ms"]);
});

Deno.test("wrapWords counts columns, not characters, and no escape sequences", () => {
  assert.deepEqual(wrapWords("東京 東京", 8), ["東京", "東京"]);
  assert.deepEqual(wrapWords("東京 東京", 9), ["東京 東京"]);
  assert.deepEqual(wrapWords("\x1b[1mone\x1b[22m two", 7), ["\x1b[1mone\x1b[22m two"]);
});
