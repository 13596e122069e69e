import assert from "node:assert/strict";
import ts from "typescript";
import { cognitiveComplexity } from "./cognitive.ts";
import { outermostIn } from "./functions.ts";

const SAMPLES: [text: string, complexity: number, what: string][] = [
  ["function f() { if (a) b(); }", 1, "if"],
  ["function f() { if (a) b(); else if (c) d(); else e(); }", 3, "else and else if"],
  ["function f() { for (const a of b) { if (a) c(); } }", 3, "an if in a loop"],
  ["function f() { for (;;) { while (a) { if (b) c(); else d(); } } }", 7, "three levels, else"],
  ["function f() { switch (a) { case 1: if (b) c(); } }", 3, "switch, whatever its cases"],
  ["function f() { try { if (a) b(); } catch { if (c) d(); } }", 4, "catch nests, try does not"],
  ["function f() { return a ? b : c ? d : e; }", 3, "nested conditional expressions"],
  ["function f() { return a && b && c; }", 1, "a sequence of like operators"],
  ["function f() { return a && b || c && !(d && e); }", 4, "sequences that change"],
  ["function f() { return a ?? b?.c; }", 0, "shorthands"],
  ["function f() { a: for (;;) { continue a; } }", 2, "a jump to a label"],
  ["function f() { return g(() => { if (a) b(); }); }", 2, "a function inside nests"],
  ["function f() { return f(); }", 1, "recursion"],
  ["class A { m() { return this.m(); } }", 1, "recursion of a method"],
  // The first and second example of the paper.
  [
    "function sumOfPrimes() { OUT: for (;;) { for (;;) { if (a) continue OUT; } b(); } }",
    7,
    "sumOfPrimes",
  ],
  ["function getWords() { switch (n) { case 1: return a; default: return b; } }", 1, "getWords"],
];

for (const [text, complexity, what] of SAMPLES) {
  Deno.test(`cognitiveComplexity of ${what} is ${complexity}`, () => {
    const file = ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true);
    const [outermost] = outermostIn(file);
    assert.equal(cognitiveComplexity(outermost!), complexity);
  });
}
