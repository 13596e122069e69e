import assert from "node:assert/strict";
import naughtyStrings from "big-list-of-naughty-strings" with { type: "json" };
import fc from "fast-check";
import { printable, printableJson, printableName } from "../../src/ui/printable.ts";
import { anyText } from "../helpers/any_text.ts";

/** What a terminal obeys or nobody sees: C0, DEL, C1, separators, bidi and other formats, halves of pairs. */
const OBEYED = /[\p{Cc}\u2028\u2029\p{Bidi_Control}\u200b-\u200d\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

Deno.test("printable writes what would act on the terminal as an escape", () => {
  const shown = {
    "\x1b[2J": "\\u{1b}[2J",
    "\x1b]0;title\x07": "\\u{1b}]0;title\\u{7}",
    "\x9b31m": "\\u{9b}31m",
    "a\r\nb\tc\x7f": "a\\u{d}\\u{a}b\\u{9}c\\u{7f}",
    "photo\u202Egnp.exe": "photo\\u{202e}gnp.exe",
    "a\u200Bb\uFEFF": "a\\u{200b}b\\u{feff}",
    "a\u2028b": "a\\u{2028}b",
    "\uD800": "\\u{d800}",
    "\uE000\u{10FFFF}\u0378": "\\u{e000}\\u{10ffff}\\u{378}",
    "\u{E0041}": "\\u{e0041}",
    "a\u034Fb\u3164": "a\\u{34f}b\\u{3164}",
  };
  for (const [text, expected] of Object.entries(shown)) assert.equal(printable(text), expected);
});

Deno.test("printable leaves visible text of any script as it is", () => {
  for (
    const text of [
      "photo (1).png",
      "Ünïcödé",
      "日本語",
      "❤\uFE0F 😀",
      "עברית",
      "é e\u0301",
      "a\u00A0b",
    ]
  ) {
    assert.equal(printable(text), text);
  }
});

Deno.test("printable cuts heaps of marks and runs of blanks", () => {
  assert.equal(printable(`a${"\u0301".repeat(120)}b`), `a${"\u0301".repeat(8)}b`);
  for (const blank of [" ", "\u00a0", "\u2800", "\u3000"]) {
    assert.equal(printable(`report.pdf${blank.repeat(60)}.exe`), "report.pdf … .exe");
    assert.equal(printable(`a${blank.repeat(3)}b`), `a${blank.repeat(3)}b`);
  }
});

Deno.test("printableName quotes what is more than one plain word", () => {
  for (const name of ["photo.png", "ana", "größe_1-2.tar.gz", "日本語", "a@b#c"]) {
    assert.equal(printableName(name), name);
  }
  assert.equal(printableName("my photo.png"), '"my photo.png"');
  const lie = "report.pdf from ana (file, 3 B in 1 ms, latency 1 ms) - received";
  assert.equal(printableName(lie), `"${lie}"`);
  assert.equal(printableName('a" from "b'), '"a\\" from \\"b"');
  assert.equal(printableName("a\u00a0b"), '"a\u00a0b"');
});

Deno.test("printable leaves nothing that a terminal obeys, and has no more to do on its own output", () => {
  const check = (text: string) => {
    const shown = printable(text);
    assert.doesNotMatch(shown, OBEYED);
    assert.ok(shown.isWellFormed());
    assert.equal(printable(shown), shown);
  };
  fc.assert(fc.property(anyText(), check));
  for (let unit = 0; unit <= 0xffff; unit++) check(String.fromCharCode(unit));
  for (const text of naughtyStrings) check(text);
});

Deno.test("printableJson means what JSON.stringify means, and holds nothing that a terminal obeys", () => {
  assert.equal(
    printableJson({ name: "\x1b[2J\x7f\x9b31m\u202e\u{E0041} Zürich 😀" }),
    '{"name":"\\u001b[2J\\u007f\\u009b31m\\u202e\\udb40\\udc41 Zürich 😀"}',
  );
  fc.assert(fc.property(anyText(), (text) => {
    const json = printableJson({ [text]: [text] });
    assert.deepEqual(JSON.parse(json), { [text]: [text] });
    assert.equal(printable(json), json);
  }));
});
