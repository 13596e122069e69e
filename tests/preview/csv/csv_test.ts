import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import csvSpectrum from "csv-spectrum";
import fc from "fast-check";
import { readCsvRows } from "../../../src/preview/csv/csv_rows.ts";
import { widthOf } from "../../../src/preview/text/fit_text.ts";
import { previewFile } from "../preview_file.ts";
import { fullOr } from "../../helpers/full_or.ts";
import { anyText } from "../../helpers/any_text.ts";

Deno.test("readCsvRows reads the corpus of csv-spectrum as it says", async () => {
  for (const { name, csv } of await spectrum()) {
    // Its JSON speaks of another number than its CSV.
    if (name === "location_coordinates") continue;
    const { rows: [header = [], ...rows] } = await readCsvRows(csv.toString(), true);
    const objects = rows.map((row) => Object.fromEntries(header.map((key, i) => [key, row[i]])));
    // Not the JSON that comes with it: which that is depends on the order of the folder.
    const { default: expected } = await import(`csv-spectrum/json/${name}.json`, {
      with: { type: "json" },
    });
    assert.deepEqual(objects, expected, name);
  }
});

Deno.test("readCsvRows finds the delimiter, past quotes that hold others", async () => {
  for (const delimiter of [",", ";", "\t", "|"]) {
    const line = (cells: string[]) => cells.map((cell) => `"${cell}"`).join(delimiter) + "\n";
    const text = line(["a", "b;,|\t", "c"]) + line(["1", "2,3,4,5", "6;7;8"]);
    assert.equal((await readCsvRows(text, true)).delimiter, delimiter);
  }
});

Deno.test("previewCsv shows a table, numbers to the right, and what it is", async () => {
  assert.deepEqual(await previewFile("t.csv", "name,age,born\nAda,36,1815-12-10\nBob,7,\n"), [
    "name │ age │ born",
    "text │ num │ date",
    "─────┼─────┼───────────",
    "Ada  │  36 │ 1815-12-10",
    "Bob  │   7 │ ",
    "CSV · 2 rows × 3 columns · comma · UTF-8 · 39 B",
  ]);
});

Deno.test("previewCsv numbers the columns of a table without header", async () => {
  const lines = await previewFile("t.csv", "1,Ada\n2,Bob\n");
  assert.deepEqual(lines.slice(0, 1), ["  1 │ 2"]);
  assert.match(lines.at(-1)!, /^CSV · 2 rows × 2 columns/);
});

Deno.test("previewCsv measures wide characters and cuts them to fit", async () => {
  const lines = await previewFile("t.csv", "city,x\n東京都港区赤坂九丁目,1\nParis,2\n", {
    columns: 18,
  });
  assert.deepEqual(lines.slice(0, 5), [
    "city         │   x",
    "text         │ num",
    "─────────────┼────",
    "東京都港区…  │   1",
    "Paris        │   2",
  ]);
});

Deno.test("previewCsv says how many rows and columns are not shown", async () => {
  const header = Array.from({ length: 50 }, (_, i) => `column${i}`).join(",");
  const rows = Array.from({ length: 30 }, () => Array(50).fill("text").join(",")).join("\n");
  const lines = await previewFile("t.csv", `${header}\n${rows}`);
  assert.match(lines[0]!, /^column0 │ column1 │/);
  assert.deepEqual(lines.slice(-3, -1), [
    "CSV · 30 rows × 50 columns · comma · UTF-8 · 7.9 KB",
    "20 more rows not shown",
  ]);
  assert.match(lines.at(-1)!, /^42 more columns not shown: column8, column9, .*…$/);
});

Deno.test("previewCsv reads UTF-16 and windows-1252", async () => {
  const utf16 = Buffer.from("\ufeffstraße;ort\nÄ;Köln\n", "utf16le");
  assert.match((await previewFile("t.csv", utf16)).join("\n"), /straße │ ort\n.*Ä.*UTF-16 LE/s);
  const swapped = Buffer.from(utf16).swap16();
  assert.match((await previewFile("t.csv", swapped)).join("\n"), /straße │ ort\n.*Ä.*UTF-16 BE/s);
  const latin = Buffer.from("straße;ort\nÄ;Köln\n", "latin1");
  assert.match((await previewFile("t.csv", latin)).join("\n"), /straße │ ort\n.*Ä.*windows-1252/s);
});

Deno.test("previewCsv shows bounded lines of whatever a table is made of", async () => {
  const monsters: Record<string, string> = {
    "one endless cell": "x".repeat(200_000),
    "one endless quoted cell": '"' + "x\n".repeat(100_000),
    "one endless row": "a,".repeat(100_000),
    "10,000 columns": ("1,".repeat(9_999) + "1\n").repeat(10),
    "an unclosed quote": 'a,b\n1,"2\n3,4\n',
    "NUL bytes": "a,b\n" + "text,\0\0\n".repeat(100),
    "only line feeds": "\n".repeat(100_000),
    "only quotes": '"'.repeat(100_001),
    "only delimiters": ",".repeat(10),
    "old line ends": "a,b\r1,2\r3,4\r",
    "nothing but a byte order mark": "\ufeff",
  };
  for (const [name, content] of Object.entries(monsters)) {
    const lines = await previewFile("t.csv", content);
    assert.ok(lines.length >= 1 && lines.length <= 16, `${name}: ${lines.length} lines`);
    assert.doesNotMatch(lines.join("\n"), /no preview/, name);
    for (const line of lines) assert.ok(widthOf(line) <= 80, `${name}: ${line}`);
  }
});

Deno.test("previewCsv says that a quote is not closed, and shows the rows all the same", async () => {
  const lines = await previewFile("t.csv", 'a,b\n1,"2\n3,4\n');
  assert.deepEqual(lines.slice(3, 5), ['  1 │ "2', "  3 │ 4"]);
  assert.equal(lines.at(-1), "a quote is never closed");
});

Deno.test("previewCsv guesses the number of rows of a large table from its head", async () => {
  const lines = await previewFile("t.csv", "name,number\n" + "somebody,12345\n".repeat(20_000));
  assert.ok(
    lines.includes("CSV · about 20,000 rows × 2 columns · comma · UTF-8 · 300 KB"),
    lines.at(-2),
  );
  assert.equal(lines.at(-1), "the first 10 rows shown");
});

Deno.test("previewCsv shows any text under any width", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(anyText(), fc.constantFrom('"', ",", "\n", ";"))),
      fc.integer({ min: 8, max: 120 }),
      async (parts, columns) => {
        const lines = await previewFile("t.csv", "a," + parts.join(""), { columns });
        for (const line of lines) assert.ok(widthOf(line) <= columns, line);
      },
    ),
    { numRuns: fullOr(50, 10) },
  );
});

async function spectrum(): Promise<{ name: string; csv: Buffer }[]> {
  return await promisify(csvSpectrum)();
}
