import assert from "node:assert/strict";
import path from "node:path";
import fc from "fast-check";
import { checkedPath, MAX_NAME_BYTES } from "../../src/names/file_name.ts";
import { NO_LIMITS, portableName, SiblingNames } from "../../src/names/portable_name.ts";
import { anyText } from "../helpers/any_text.ts";

const WINDOWS = { portable: true, foldsCase: true };
const MACOS = { portable: false, foldsCase: true };
const FAT = { portable: true, foldsCase: true };

Deno.test("portableName changes what not every system can hold, and nothing else", () => {
  const names: [name: string, portable: string][] = [
    ["10:30.png", "10_30.png"],
    ["file.txt::$DATA", "file.txt__$DATA"],
    ['<a>|"b"?*', "_a___b___"],
    ["a.", "a_"],
    ["a ", "a_"],
    ["a. .", "a. _"],
    ["...", ".._"],
    ["con", "_con"],
    ["NUL.tar.gz", "_NUL.tar.gz"],
    ["con .txt", "_con .txt"],
    ["com¹.txt", "_com¹.txt"],
    ["console", "console"],
    ["COM10", "COM10"],
    [".bashrc", ".bashrc"],
    ["日本語.txt", "日本語.txt"],
  ];
  assert.deepEqual(names.map(([name]) => [name, portableName(name)]), names);
  const longest = "aux." + "a".repeat(251);
  assert.equal(portableName(longest), "_ux." + "a".repeat(251));
});

Deno.test("portableName is below its folder on Windows too, and is so already the second time", () => {
  const pieces = fc.constantFrom(...'./:?*|"<> aB', "C:", "CON", "nul", "com1", "..", "é", "$DATA");
  const nameLike = fc.oneof(
    fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join("")),
    anyText(),
  );
  fc.assert(fc.property(nameLike, (text) => {
    let checked: string;
    try {
      checked = checkedPath([text])[0]!;
    } catch {
      return;
    }
    const portable = portableName(checked);
    assert.equal(portableName(portable), portable);
    assert.doesNotMatch(portable, /[<>:"|?*]|[. ]$/);
    assert.ok(new TextEncoder().encode(portable).length <= MAX_NAME_BYTES);
    const { join, relative } = path.win32;
    assert.equal(relative("C:\\in", join("C:\\in", portable)), portable);
  }));
});

Deno.test("SiblingNames keeps every name where the system holds it", () => {
  const names = ["10:30.png", "10_30.png", "a", "A", "con", "a."];
  const siblings = new SiblingNames(NO_LIMITS);
  assert.deepEqual(names.map((name) => siblings.take(name)), names);
});

Deno.test("SiblingNames gives numbers to those that become one", () => {
  const taken = (limits: typeof WINDOWS, names: string[]) => {
    const siblings = new SiblingNames(limits);
    return names.map((name) => siblings.take(name));
  };
  assert.deepEqual(taken(WINDOWS, ["10:30.png", "10?30.png", "10_30.png"]), [
    ...["10_30.png", "10_30 (1).png", "10_30 (2).png"],
  ]);
  assert.deepEqual(taken(FAT, ["a (1)", "A", "a"]), ["a (1)", "A", "a (2)"]);
  assert.deepEqual(taken(MACOS, ["Photo.png", "a:b", "photo.PNG"]), [
    ...["Photo.png", "a:b", "photo (1).PNG"],
  ]);
});

Deno.test("SiblingNames takes many that become one in a time that grows with their number", () => {
  const siblings = new SiblingNames(WINDOWS);
  const letters = [...':?*|"<>'];
  let last = "";
  for (let i = 0; i < 7 ** 5; i++) {
    const digits = [...i.toString(7).padStart(5, "0")];
    last = siblings.take(digits.map((digit) => letters[Number(digit)]).join(""));
  }
  assert.equal(last, "_____ (16806)");
});
