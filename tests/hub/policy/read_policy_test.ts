import assert from "node:assert/strict";
import { parsePolicy, readPolicy } from "../../../src/hub/policy/read_policy.ts";

Deno.test("parsePolicy reads rules with all their conditions, and their lines", () => {
  const text = `# who may what
rules:
  - allow: { from: [alice, "Zoë k"], to: hub, kind: [image, csv], max-size: 2GB, folder: no }
  - refuse:
      from: bob
      min-size: 500kB
    reason: too much, Bob
  - allow:
`;
  assert.deepEqual(parsePolicy(text, "p.yaml"), [
    {
      allow: true,
      from: ["alice", "Zoë k"],
      to: ["hub"],
      kind: ["image", "csv"],
      maxSize: 2_000_000_000,
      folder: false,
      line: 3,
    },
    { allow: false, from: ["bob"], minSize: 500_000, reason: "too much, Bob", line: 4 },
    { allow: true, line: 8 },
  ]);
  assert.deepEqual(parsePolicy("rules: []", "p.yaml"), []);
});

Deno.test("parsePolicy names line and column of a mistake", () => {
  const cases: [text: string, where: string, what: RegExp][] = [
    ["", "line 1, column 1", /a policy has "rules"/],
    ["- allow:", "line 1, column 1", /a policy has "rules"/],
    ["rules: 5", "line 1, column 8", /not a list/],
    ["rules:\n  - deny:", "line 2, column 5", /"deny" is not one of allow, refuse, reason/],
    ["rules:\n  - allow:\n    refuse:", "line 2, column 5", /either/],
    ["rules:\n  - reason: x", "line 2, column 5", /either/],
    ["rules:\n  - allow: all", "line 2, column 12", /conditions are/],
    ["rules:\n  - allow: { form: a }", "line 2, column 14", /"form" is not one of/],
    ["rules:\n  - allow: { kind: movie }", "line 2, column 20", /"movie" is not a kind/],
    ["rules:\n  - allow: { max-size: big }", "line 2, column 24", /not a size/],
    ["rules:\n  - allow: { folder: perhaps }", "line 2, column 22", /yes or no/],
    ["rules:\n  - allow: { from: [] }", "line 2, column 20", /is empty/],
    ["rules:\n  - allow: { from: [a, [b]] }", "line 2, column 24", /not text/],
    ["rules:\n  - allow: { from: a, from: b }", "line 2, column 23", /unique/],
    ["rules:\n  - allow: { from: a\n", "line 3, column 1", /./],
    ["rules: &a\n  - allow: { from: *a }", "line 2, column 20", /not text/],
    ["rules: []\n---\nrules: []", "line 2, column 1", /./],
  ];
  for (const [text, where, what] of cases) {
    assert.throws(() => parsePolicy(text, "p.yaml"), (error: Error & { code?: string }) => {
      assert.equal(error.code, "usage", text);
      assert.ok(
        error.message.startsWith(`cannot use the policy "p.yaml": ${where}: `),
        `${text}: ${error.message}`,
      );
      assert.match(error.message, what, text);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
});

Deno.test("readPolicy says so where there is no file", async () => {
  await assert.rejects(readPolicy("/nowhere.yaml"), { code: "local", message: /no such file/ });
});
