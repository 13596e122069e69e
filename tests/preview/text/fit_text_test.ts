import assert from "node:assert/strict";
import fc from "fast-check";
import { fitText, widthOf } from "../../../src/preview/text/fit_text.ts";
import { fullOr } from "../../helpers/full_or.ts";
import { anyText } from "../../helpers/any_text.ts";

Deno.test("fitText cuts between graphemes and says so", () => {
  assert.equal(fitText("hello", 5), "hello");
  assert.equal(fitText("hello!", 5), "hell…");
  assert.equal(fitText("東京都", 6), "東京都");
  assert.equal(fitText("東京都港区", 6), "東京…");
  assert.equal(fitText("ééé".normalize("NFD"), 2), "é…".normalize("NFD"));
  assert.equal(fitText("👍🏽👍🏽", 3), "👍🏽…");
});

Deno.test("fitText makes visible what a terminal would act on", () => {
  assert.equal(fitText("\x1b[31m", 20), "\\u{1b}[31m");
  assert.equal(fitText("a\u202eb", 20), "a\\u{202e}b");
});

Deno.test("fitText leaves a letter eight of its marks", () => {
  assert.equal(fitText("a" + "\u0301".repeat(50) + "b", 5), "a" + "\u0301".repeat(8) + "b");
});

Deno.test("fitText stays within its width", () => {
  fc.assert(
    fc.property(
      anyText({ maxLength: 200 }),
      fc.integer({ min: 1, max: 60 }),
      (text, width) => assert.ok(widthOf(fitText(text, width)) <= width),
    ),
    { numRuns: fullOr(100, 20) },
  );
});
