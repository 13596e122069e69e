import assert from "node:assert/strict";
import stringWidth from "string-width";
import { nameColumn } from "../../src/ui/name_column.ts";

Deno.test("nameColumn keeps a table straight, whatever the names are", () => {
  const names = [
    "ana",
    "",
    "Bo Li",
    "家族",
    "e\u0301".repeat(3),
    "joined  ana",
    "a\u001b[2J",
    "👩‍👩‍👧",
  ];
  const inColumn = nameColumn(names);
  const widths = names.map((name) => stringWidth(inColumn(name)));
  assert.deepEqual(widths, names.map(() => Math.max(...widths)));
  assert.equal(inColumn("ana").trimEnd(), "ana");
  assert.equal(inColumn("").trim(), "");
  assert.equal(inColumn("Bo Li").trimEnd(), '"Bo Li"');
});
