import assert from "node:assert/strict";
import {
  base64url,
  boolean,
  type Check,
  hex,
  int,
  list,
  nullable,
  object,
  oneOf,
  text,
} from "../../src/protocol/schema.ts";

const OTHERS = [undefined, null, true, 1, 1.5, "", "x", [], {}];

Deno.test("int takes integers between its bounds, by default all that JSON carries exactly", () => {
  takes(int(), [0, 1, Number.MAX_SAFE_INTEGER]);
  refuses(int(), [-1, 2 ** 53, 1.5, NaN, Infinity, "1", null, undefined, true, [1]]);
  takes(int(3, 5), [3, 4, 5]);
  refuses(int(3, 5), [2, 6]);
});

Deno.test("text takes strings between its bounds", () => {
  takes(text(2), ["", "a", "ab"]);
  refuses(text(2), ["abc", ...OTHERS.filter((value) => typeof value !== "string")]);
  refuses(text(2, 1), [""]);
});

Deno.test("hex takes exactly that many lower-case digits", () => {
  takes(hex(4), ["0000", "09af"]);
  refuses(hex(4), [
    "",
    "09a",
    "09af0",
    "09AF",
    "09ag",
    "09a\n",
    " 09a",
    ["0", "0", "0", "0"],
    1234,
    null,
  ]);
});

Deno.test("base64url takes exactly that many characters, without padding", () => {
  takes(base64url(4), ["AZaz", "09-_"]);
  refuses(base64url(4), ["", "AAA", "AAAAA", "AA+/", "AAA=", "AAA\n", "ÄAAA", 1234, null]);
});

Deno.test("boolean and oneOf take their values alone", () => {
  takes(boolean, [true, false]);
  refuses(boolean, [0, 1, "true", null, undefined]);
  takes(oneOf(["a", "b"]), ["a", "b"]);
  refuses(oneOf(["a", "b"]), ["c", "", "length", 0, ["a"], null, undefined]);
});

Deno.test("nullable takes null as well, and nothing else more", () => {
  takes(nullable(int()), [null, 1]);
  refuses(nullable(int()), [undefined, "1", false]);
});

Deno.test("list takes so many values that its check takes", () => {
  takes(list(int(), 2), [[], [1], [1, 2]]);
  refuses(list(int(), 2), [[1, 2, 3], ["1"], [1, null], {}, { length: 0 }, "", null]);
});

Deno.test("object leaves out what it does not list", () => {
  const check = object({ a: int(), b: nullable(text(3)) });
  assert.deepEqual(check({ a: 1, b: null, c: 2 }, ""), { a: 1, b: null });
  refuses(check, [null, undefined, [], [1, null], "x", 1, { a: 1 }, { a: "1", b: null }, {
    b: null,
  }]);
});

Deno.test("object takes own fields alone", () => {
  const check = object({ toString: boolean, a: int() });
  const inherited = Object.create({ a: 1, toString: true });
  refuses(check, [{ a: 1 }, inherited, JSON.parse('{"__proto__": {"a": 1, "toString": true}}')]);
});

Deno.test("a refusal names the path of the field", () => {
  const check = object({ a: object({ b: list(object({ c: int() }), 2) }) });
  const value = { a: { b: [{ c: 1 }, { c: -1 }] } };
  assert.throws(() => check(value, ""), {
    code: "protocol",
    message: /"a\.b\[1\]\.c" is not an integer/,
  });
});

function takes<T>(check: Check<T>, values: unknown[]) {
  for (const value of values) assert.deepEqual(check(value, "x"), value);
}

function refuses<T>(check: Check<T>, values: unknown[]) {
  for (const value of values) {
    assert.throws(() => check(value, "x"), { code: "protocol" }, JSON.stringify(value));
  }
}
