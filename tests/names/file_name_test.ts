import assert from "node:assert/strict";
import path from "node:path";
import naughtyStrings from "big-list-of-naughty-strings" with { type: "json" };
import fc from "fast-check";
import { P2pError } from "../../src/errors.ts";
import {
  checkedPath,
  MAX_NAME_BYTES,
  MAX_PATH_DEPTH,
  STAGING_FOLDER,
  topName,
} from "../../src/names/file_name.ts";
import { withoutJoiners } from "../../src/names/joiners.ts";
import { portableName } from "../../src/names/portable_name.ts";
import { anyText } from "../helpers/any_text.ts";

const HOSTILE: Record<string, string[]> = {
  "it is empty": [""],
  "it means a folder, not a name in it": [".", ".."],
  'a name cannot contain "/"': ["../x", "/etc/passwd", "//host/share", "~/x", "a/b", "/"],
  'a name cannot contain "\\"': ["..\\x", "\\\\?\\C:\\x", "\\"],
  "it has a control or an invisible character": [
    "a\0b",
    "a\nb",
    "\x1b[2Jx",
    "\x7f",
    "\x9b31m",
    "photo\u202Egnp.exe",
    "\u2066x\u2069",
    "a\u200Bb",
    "a\u200Db",
    "\uFEFFx",
    "a\u00ADb",
    "a\u2028b",
    "a\u2029b",
    "a\uFFFEb",
    "\u{1FFFF}",
    "\uFDD0",
    "\u3164",
    "a\u034Fb",
    "\u{E0041}",
    "a\uFFF9b",
  ],
  "it has half of a surrogate pair": ["a\uD800", "\uDC00b", "\uD83D"],
};

for (const [reason, names] of Object.entries(HOSTILE)) {
  Deno.test(`checkedPath refuses a name when ${reason}`, () => {
    for (const name of names) {
      for (const components of [[name], ["a", name], [name, "b"]]) {
        assertRefused(() => checkedPath(components), `cannot accept name "${name}": ${reason}`);
      }
    }
  });
}

Deno.test("checkedPath refuses what is not a list of text", () => {
  const notPaths = [undefined, null, "a/b", 1, {}, { 0: "a", length: 1 }, [1], [null], [["a"]]];
  for (const components of [...notPaths, new Array(2)]) {
    assertRefused(() => checkedPath(components));
  }
});

Deno.test("checkedPath takes ordinary names of any script, whatever they look like", () => {
  const names = [
    "photo.png",
    "Ünïcödé.txt",
    "日本語 の ファイル",
    "❤\uFE0F.txt",
    " leading space",
    ".bashrc",
    "-rf",
    "~$doc.docx",
    "backup~",
    "..a",
    "a..b",
    "\u2024\u2024",
    "\uFF0Fetc",
    "a\u2215b",
    "console",
    "COM10",
    "nul-device.txt",
    "com",
    "x.con",
    ...["C:", "a:b", "file.txt::$DATA", "<", 'a"b', "a|b", "a?", "*"],
    ...["a.", "a ", "...", "CON", "aux.c", "com¹.txt", "CONIN$"],
    "$(reboot)",
    "'; --",
  ];
  assert.deepEqual(names.map((name) => checkedPath([name])), names.map((name) => [name]));
});

Deno.test("checkedPath counts the bytes of a name after NFC", () => {
  assert.deepEqual(checkedPath(["a".repeat(255)]), ["a".repeat(255)]);
  assertRefused(() => checkedPath(["a".repeat(256)]), /longer than 255 bytes/);
  const atTheEdge = "a".repeat(253) + "é";
  assert.deepEqual(checkedPath([atTheEdge]), [atTheEdge]);
  assertRefused(() => checkedPath(["a".repeat(254) + "é"]), /longer than 255 bytes/);
  assertRefused(() => checkedPath(["a".repeat(252) + "😀"]), /longer than 255 bytes/);
  const composed = "a" + "ǖ".repeat(127);
  assert.deepEqual(checkedPath([composed.normalize("NFD")]), [composed]);
});

Deno.test("checkedPath takes 1 to 32 names", () => {
  const deepest = new Array(MAX_PATH_DEPTH).fill("d");
  assert.deepEqual(checkedPath(deepest), deepest);
  assertRefused(() => checkedPath([...deepest, "d"]), "cannot accept path: 33 names, not 1 to 32");
  assertRefused(() => checkedPath([]), "cannot accept path: 0 names, not 1 to 32");
});

Deno.test("checkedPath gives the same refusal for NFC and NFD, and one name for both", () => {
  assert.deepEqual(checkedPath(["e\u0301.txt"]), ["\u00E9.txt"]);
});

Deno.test("checkedPath looks at the length first and quotes a long name cut", () => {
  const normalize = String.prototype.normalize;
  let normalized = 0;
  String.prototype.normalize = function (form) {
    normalized += 1;
    return normalize.call(this, form);
  };
  try {
    assertRefused(() => checkedPath(["\u0344\u0315".repeat(500_000)]), (message) => {
      return message.length < 200 && message.includes("longer than 255 bytes");
    });
  } finally {
    String.prototype.normalize = normalize;
  }
  assert.equal(normalized, 0);
});

Deno.test("checkedPath keeps every path strictly below its root, on POSIX and Windows", () => {
  let accepted = 0;
  const check = (components: string[]) => {
    const checked = pathOrUndefined(components);
    if (checked === undefined) return;
    accepted += 1;
    for (const { join, relative, sep, root, local } of SYSTEMS) {
      const here: string[] = checked.map(local);
      assert.deepEqual(relative(root, join(root, ...here)).split(sep), here);
    }
    assert.deepEqual(checkedPath(checked), checked);
  };
  fc.assert(fc.property(fc.array(nameLike, { minLength: 1, maxLength: 4 }), check));
  for (const text of naughtyStrings) check([text]);
  assert.ok(accepted > 50, `only ${accepted} paths were accepted`);
});

Deno.test("checkedPath leaves nothing in a name that a terminal would obey", () => {
  for (const text of naughtyStrings) {
    const checked = pathOrUndefined([text]);
    if (checked !== undefined) {
      assert.doesNotMatch(withoutJoiners(checked[0]!), /[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
  }
});

Deno.test("topName puts _ before a leading dot or dash unless hidden names are allowed", () => {
  for (const name of [".bashrc", ".ssh", "-rf", "--help"]) {
    assert.equal(topName(name, { allowHidden: false }), `_${name}`);
    assert.equal(topName(name, { allowHidden: true }), name);
  }
  assert.equal(topName("a.-b", { allowHidden: false }), "a.-b");
});

Deno.test("topName refuses what checkedPath refuses, and a prefixed name over 255 bytes", () => {
  const longest = "." + "a".repeat(MAX_NAME_BYTES - 1);
  assert.equal(topName(longest, { allowHidden: true }), longest);
  assertRefused(() => topName(longest, { allowHidden: false }), /longer than 255 bytes/);
  assertRefused(() => topName("..", { allowHidden: true }));
});

Deno.test("topName refuses ~ and every spelling of the staging folder", () => {
  const names = ["~", STAGING_FOLDER, ".P2P-Partial", ".p2p-part\u0131al", "P2P-PA~1", "p2p-pa~12"];
  for (const name of names) {
    assertRefused(() => topName(name, { allowHidden: true }));
    assertRefused(() => topName(name, { allowHidden: false }));
  }
  assert.equal(topName("~$doc.docx", { allowHidden: false }), "~$doc.docx");
});

const SYSTEMS = [
  { ...path.posix, root: "/srv/in", local: (name: string) => name },
  { ...path.win32, root: "C:\\srv\\in", local: portableName },
];

/** Names built of pieces that mean something to some system, and wholly random ones. */
const nameLike = fc.oneof(
  fc.array(
    fc.constantFrom(
      ..."./\\:~ aB-é",
      "..",
      "C:",
      "\\\\?\\",
      "CON",
      "NUL",
      "e\u0301",
      "\0",
      "\u202E",
    ),
    { maxLength: 5 },
  ).map((pieces) => pieces.join("")),
  anyText(),
  fc.string(),
);

function pathOrUndefined(components: string[]): string[] | undefined {
  try {
    return checkedPath(components);
  } catch (error) {
    assert.ok(error instanceof P2pError && error.code === "refused");
    return undefined;
  }
}

function assertRefused(
  run: () => unknown,
  says?: string | RegExp | ((message: string) => boolean),
) {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof P2pError);
    assert.equal(error.code, "refused");
    if (typeof says === "string") assert.equal(error.message, says);
    if (says instanceof RegExp) assert.match(error.message, says);
    return typeof says === "function" ? says(error.message) : true;
  });
}
