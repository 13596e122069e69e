import assert from "node:assert/strict";
import { firstRule, type Question, refusedBy, type Rule } from "../../../src/hub/policy/policy.ts";

const QUESTION: Question = {
  from: { fingerprint: "aaaaa-aaaaa-aaaaa-aaaaa", names: ["alice"], known: false },
  to: "hub",
  kind: "image",
  size: 1_000,
  folder: false,
};

const named = (...names: string[]) => ({ names, known: false });

Deno.test("refusedBy says no where no rule fits, and where there is none", () => {
  assert.match(refusedBy([], QUESTION)!, /no rule/);
  assert.match(refusedBy([allow({ from: ["bob"] })], QUESTION)!, /no rule/);
});

Deno.test("the first rule that fits decides, whatever follows", () => {
  const rules = [rule(false, { from: ["alice"], reason: "not you" }), allow({})];
  assert.equal(refusedBy(rules, QUESTION), "not you");
  assert.equal(refusedBy(rules.toReversed(), QUESTION), undefined);
  assert.equal(refusedBy(rules, { ...QUESTION, from: named("bob") }), undefined);
});

Deno.test("each condition fits what it says, and nothing else", () => {
  const cases: [conditions: Partial<Rule>, change: Partial<Question>][] = [
    [{ from: ["alice", "bob"] }, { from: named("eve") }],
    [{ from: ["aaaaa-aaaaa-aaaaa-aaaaa"] }, { from: named("alice") }],
    [{ to: ["hub"] }, { to: "bob" }],
    [{ kind: ["image", "csv"] }, { kind: "json" }],
    [{ kind: ["image"] }, { kind: undefined }],
    [{ kind: ["image"] }, { folder: true }],
    [{ maxSize: 1_000 }, { size: 1_001 }],
    [{ maxSize: 1_000 }, { size: null }],
    [{ minSize: 1_000 }, { size: 999 }],
    [{ folder: false }, { folder: true }],
    [{ folder: false }, { folder: undefined }],
  ];
  for (const [conditions, change] of cases) {
    const shown = JSON.stringify([conditions, change]);
    assert.ok(firstRule([allow(conditions)], QUESTION), shown);
    assert.equal(firstRule([allow(conditions)], { ...QUESTION, ...change }), undefined, shown);
  }
});

Deno.test("a name is no word and no fingerprint, and is the same in another spelling", () => {
  const fits = (word: string, ...names: string[]) =>
    firstRule([allow({ from: [word] })], { ...QUESTION, from: named(...names) }) !== undefined;
  assert.ok(!fits("known", "known"));
  assert.ok(!fits("aaaaa-aaaaa-aaaaa-aaaaa", "aaaaa-aaaaa-aaaaa-aaaaa"));
  assert.ok(fits("Zoë", "ZOE\u0308"));
  const fitsTo = (word: string, to: string) =>
    firstRule([allow({ to: [word] })], { ...QUESTION, to }) !== undefined;
  assert.ok(fitsTo("bob", "Bob"));
  assert.ok(!fitsTo("hub", "Hub"));
  assert.ok(!fitsTo("people", "hub"));
});

Deno.test("known, anybody and people stand for more than one", () => {
  const fits = (conditions: Partial<Rule>, change: Partial<Question>) =>
    firstRule([allow(conditions)], { ...QUESTION, ...change }) !== undefined;
  assert.deepEqual([
    fits({ from: ["known"] }, {}),
    fits({ from: ["known"] }, { from: { names: [], known: true } }),
  ], [
    false,
    true,
  ]);
  assert.ok(fits({ from: ["anybody"] }, { from: named() }));
  assert.deepEqual([fits({ to: ["people"] }, {}), fits({ to: ["people"] }, { to: "bob" })], [
    false,
    true,
  ]);
  assert.ok(fits({ to: ["bob"] }, { to: "bob" }));
});

Deno.test("a size that nobody knows fits a rule against large ones", () => {
  assert.ok(firstRule([rule(false, { minSize: 5_000_000 })], { ...QUESTION, size: null }));
});

function allow(conditions: Partial<Rule>): Rule {
  return rule(true, conditions);
}

function rule(allow: boolean, conditions: Partial<Rule>): Rule {
  return { allow, line: 1, ...conditions };
}
