import assert from "node:assert/strict";
import fc from "fast-check";
import { numberedName } from "../../src/names/numbered_name.ts";
import { checkedPath } from "../../src/names/file_name.ts";

Deno.test("numberedName puts the number before the extension", () => {
  const names = {
    "photo.png": "photo (1).png",
    "archive.tar.gz": "archive (1).tar.gz",
    "Archive.TAR.zst": "Archive (1).TAR.zst",
    "notes": "notes (1)",
    ".bashrc": ".bashrc (1)",
    ".config.json": ".config (1).json",
    ".tar.gz": ".tar (1).gz",
    "data.csv.gz": "data.csv (1).gz",
    "v1.2 final": "v1.2 final (1)",
    "a.averyveryverylongending": "a.averyveryverylongending (1)",
    "photo (1).png": "photo (1) (1).png",
  };
  for (const [name, numbered] of Object.entries(names)) {
    assert.equal(numberedName(name, 1), numbered);
  }
});

Deno.test("numberedName cuts the stem between graphemes to stay within 255 bytes", () => {
  assert.equal(numberedName("a".repeat(251) + ".png", 12), "a".repeat(246) + " (12).png");
  assert.equal(numberedName("a".repeat(247) + ".png", 1), "a".repeat(247) + " (1).png");
  const twoMarks = "e\u0323\u0302\u0304".normalize("NFC");
  const name = `${"a".repeat(243)}${twoMarks}aaa.png`;
  assert.equal(numberedName(name, 1), `${"a".repeat(243)} (1).png`);
});

Deno.test("numberedName gives a safe name, another for every number", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
    if (!isSafe(text)) return;
    const name = text.normalize("NFC");
    const numbered = [1, 2, 99_999].map((n) => numberedName(name, n));
    for (const each of numbered) assert.deepEqual(checkedPath([each]), [each]);
    assert.equal(new Set([name, ...numbered]).size, 4);
  }));
});

function isSafe(name: string): boolean {
  try {
    checkedPath([name]);
    return true;
  } catch {
    return false;
  }
}
