import assert from "node:assert/strict";
import { firstRule, type Question, refusedBy, type Rule } from "../../../src/hub/policy/policy.ts";

const QUESTION: Question = {
  from: ["aaaaa-aaaaa-aaaaa-aaaaa", "alice"],
  known: false,
  to: "hub",
  kind: "image",
  size: 1_000,
  folder: false,
};

Deno.test("refusedBy says no where no rule fits, and where there is none", () => {
  assert.match(refusedBy([], QUESTION)!, /no rule/);
  assert.match(refusedBy([allow({ from: ["bob"] })], QUESTION)!, /no rule/);
});

Deno.test("the first rule that fits decides, whatever follows", () => {
  const rules = [rule(false, { from: ["alice"], reason: "not you" }), allow({})];
  assert.equal(refusedBy(rules, QUESTION), "not you");
  assert.equal(refusedBy(rules.toReversed(), QUESTION), undefined);
  assert.equal(refusedBy(rules, { ...QUESTION, from: ["bob"] }), undefined);
});

Deno.test("each condition fits what it says, and nothing else", () => {
  const cases: [conditions: Partial<Rule>, change: Partial<Question>][] = [
    [{ from: ["alice", "bob"] }, { from: ["eve"] }],
    [{ from: ["aaaaa-aaaaa-aaaaa-aaaaa"] }, { from: ["alice"] }],
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

Deno.test("known, anybody and people stand for more than one", () => {
  const fits = (conditions: Partial<Rule>, change: Partial<Question>) =>
    firstRule([allow(conditions)], { ...QUESTION, ...change }) !== undefined;
  assert.deepEqual([fits({ from: ["known"] }, {}), fits({ from: ["known"] }, { known: true })], [
    false,
    true,
  ]);
  assert.ok(fits({ from: ["anybody"] }, { from: [] }));
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
