import assert from "node:assert/strict";
import { checkedPath } from "../../src/names/file_name.ts";

Deno.test("joiners that a script or an emoji needs are text", () => {
  const names = [
    "می\u200Cخواهم.txt", // Persian: a half-space between letters that would join.
    "کتاب\u200Cها",
    "क्\u200Dष.txt", // Hindi: the half form.
    "क्\u200Cष.txt", // And the explicit virama.
    "ශ්\u200Dරී ලංකා", // Sinhala.
    "👨\u200D👩\u200D👧.txt",
    "👩🏽\u200D💻.md",
    "❤\uFE0F\u200D🔥",
    "🏳\uFE0F\u200D🌈.png",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}.png", // England.
  ];
  for (const name of names) assert.deepEqual(checkedPath([name]), [name.normalize("NFC")]);
});

Deno.test("joiners anywhere else are tricks", () => {
  const names = [
    ...["a\u200Cb", "a\u200Db", "\u200Ca", "a\u200D", "1\u200C2", "photo\u200D.png"],
    ...["می\u200C", "\u200Cمی", "می\u200Dخ", "می\u200C\u200Cخ", "مa\u200Cخ"],
    ...["क\u200Dष", "क्\u200D", "क्\u200D.txt", "\u094D\u200Dष"],
    ...["👨\u200D", "\u200D👨", "👨\u200D\u200D👩", "👨\u200Da"],
    ...["🏴\u{E0067}", "a\u{E0067}\u{E0062}\u{E0065}\u{E007F}", "🏴\u{E0001}\u{E007F}"],
  ];
  for (const name of names) {
    assert.throws(() => checkedPath([name]), /control or an invisible character/, name);
  }
});
