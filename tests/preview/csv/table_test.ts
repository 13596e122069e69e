import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { previewCsv } from "../../../src/preview/csv/csv.ts";
import { readCsvRows } from "../../../src/preview/csv/csv_rows.ts";
import { splitTable } from "../../../src/preview/csv/table_parts.ts";
import { PLAIN, previewFile } from "../preview_file.ts";
import { fullOr } from "../../helpers/full_or.ts";

/** A table as it is understood: its delimiter, lines above it, header and body. */
async function read(text: string, name = "t.csv") {
  const { rows, delimiter } = await readCsvRows(text, true, name);
  return { delimiter, ...splitTable(rows) };
}

Deno.test("readCsvRows reads line ends of any mix", async () => {
  const cell = fc.constantFrom("a", "1,5", "x\ny", 'say "hi"', "");
  const row = fc.tuple(cell, fc.constantFrom("b", "2", "é\r\n"));
  const ended = fc.tuple(row, fc.constantFrom("\r\n", "\n", "\r"), fc.nat(2));
  await fc.assert(fc.asyncProperty(fc.array(ended, { minLength: 1 }), async (rows) => {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const text = rows.map(([row, end, blanks]) =>
      row.map(quoted).join(",") + end.repeat(1 + blanks)
    );
    const read = await readCsvRows(text.join(""), true);
    assert.deepEqual(read.rows, rows.map(([row]) => row));
  }));
});

Deno.test("previewCsv counts the rows of a table whose line ends differ", async () => {
  const texts = ["a,b\r\n1,2\n3,4\n5,6\r\n", "a,b\n1,2\r\n3,4\r5,6\r\n", "a,b\r1,2\n3,4\r\n5,6\r"];
  for (const text of texts) {
    assert.deepEqual((await previewFile("t.csv", text)).slice(0, -1), [
      "  a │   b",
      "num │ num",
      "────┼────",
      "  1 │   2",
      "  3 │   4",
      "  5 │   6",
    ]);
    assert.match((await previewFile("t.csv", text)).at(-1)!, /^CSV · 3 rows × 2 columns · comma/);
  }
});

Deno.test("readCsvRows votes for the delimiter over all rows", async () => {
  const texts: [text: string, delimiter: string, header: string[], rows: number][] = [
    ["1,5;2,5;3,5\n4,5;5,5;6,5\n", ";", ["1", "2", "3"], 2],
    ["Ort;Temp, °C;Regen, mm\nUlm;12,5;3,1\n", ";", ["Ort", "Temp, °C", "Regen, mm"], 1],
    ["Ort;Temp, °C;Regen, mm\nUlm;12;3\n", ";", ["Ort", "Temp, °C", "Regen, mm"], 1],
    ["name,tags\nx,a;b\ny,c;d;e\n", ",", ["name", "tags"], 2],
    ["a|b, c|d\n1|x, y|3\n", "|", ["a", "b, c", "d"], 1],
    ["a\tb,c\td\n1,5\t2,5\t3,5\n", "\t", ["a", "b,c", "d"], 1],
    ['Preis;Menge\n"1.234,50";2\n7,5;3\n', ";", ["Preis", "Menge"], 2],
    ["US;EU\n1,234;5,678\n9,876;1,234\n", ";", ["US", "EU"], 2],
    ["Wert\n1,5\n2,25\n3\n", ";", ["Wert"], 3],
    ["name\nAda\nBob\n", ",", ["name"], 2],
  ];
  for (const [text, delimiter, header, rows] of texts) {
    const table = await read(text);
    assert.deepEqual([table.delimiter, table.header, table.body.length], [delimiter, header, rows]);
  }
});

Deno.test("readCsvRows goes by the name of a .tsv", async () => {
  const text = "# made by hand, in May\nname\tplaces\nAda\tLondon, Bath\nBob\tYork\n";
  assert.deepEqual(await read(text, "t.tsv"), {
    delimiter: "\t",
    above: ["# made by hand, in May"],
    header: ["name", "places"],
    body: [["Ada", "London, Bath"], ["Bob", "York"]],
  });
  assert.equal((await read("a,b\n1,2\n", "t.tsv")).delimiter, ",");
});

Deno.test("readCsvRows obeys the line that tells a spreadsheet the delimiter", async () => {
  for (const line of ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "sep=;\r"]) {
    const { delimiter, header, body } = await read(`${line}Name;Betrag\r\nAnna;1,50\r\n`);
    assert.deepEqual({ delimiter, header, body }, {
      delimiter: ";",
      header: ["Name", "Betrag"],
      body: [["Anna", "1,50"]],
    });
  }
  const marked = await previewFile("t.csv", "\ufeffsep=^\r\na^b\r\n1^2\r\n");
  assert.equal(marked.at(-1), 'CSV · 1 row × 2 columns · "^" · UTF-8 · 20 B');
});

Deno.test("splitTable finds the table below titles and comments", async () => {
  const texts: [text: string, above: string[], header: string, rows: number][] = [
    ["Report for May\nname,age\nAda,36\nBob,7\n", ["Report for May"], "name,age", 2],
    ["# a\n# b, c\n\nname,age\nAda,36\n", ["# a", "# b  c"], "name,age", 1],
    ["Mai\n\nDatum;Text\n01.05.2024;-500,00\n02.05.2024;1,50\n", ["Mai"], "Datum,Text", 2],
    ["Report,,\n,,\nname,age,city\nAda,36,Bath\n", ["Report"], "name,age,city", 1],
    ["No:;DE12;\nDay;Text;Sum\n01.05.2024;A, B;-1,5\n", ["No: DE12"], "Day,Text,Sum", 1],
    ["##v=1\n#CHROM\tPOS\n1\t100\n2\t200\n", ["##v=1"], "#CHROM,POS", 2],
    ["mpg,cyl\nMazda,21,6\nFiat,30,4\n", [], "mpg,cyl,", 2],
    ["name,,\nAda,36,Bath\nBob,7,York\n", [], "name,,", 2],
    ["a,b,\n1,2,\n3,4,\n", [], "a,b,", 2],
    ["a,b,c\n", [], "a,b,c", 0],
    ["a,b,c\n1,2\n3,4,5,6\n\n7,8,9\n", [], "a,b,c,", 3],
  ];
  for (const [text, above, header, rows] of texts) {
    const table = await read(text);
    assert.deepEqual([table.above, table.header.join(), table.body.length], [above, header, rows]);
  }
  const lines = await previewFile("t.csv", "Report for May\nname,age\nAda,36\n");
  assert.equal(lines.at(-1), "1 line above the table: Report for May");
});

Deno.test("splitTable takes years and other series for names, and rows of numbers for values", async () => {
  const texts: [text: string, header: string, rows: number][] = [
    ["Country,1960,1961\nAruba,54211,55438\n", "Country,1960,1961", 1],
    [",1960,1961\nAruba,54211,55438\n", ",1960,1961", 1],
    ["Country,1960\nAruba,54211\nBenin,2431620\n", "Country,1960", 2],
    ["Country,1,2,3\nAruba,54,55,57\n", "Country,1,2,3", 1],
    ["Day,2024-01-01,2024-01-02\nAda,5,6\n", "Day,2024-01-01,2024-01-02", 1],
    ["1,2,3\nx,y,z\n", "1,2,3", 1],
    ["1,Ada\n2,Bob\n", "1,2", 2],
    ["Ada,1950,2001\nBob,1930,1999\n", "1,2,3", 2],
    ["Aruba,1,2,3\nBenin,4,5,6\n", "1,2,3,4", 2],
    ["2024-01-01,5\n2024-01-02,6\n", "1,2", 2],
    ["5,6\n", "1,2", 1],
    ["name,age\nAda,36\n", "name,age", 1],
    ["name,city\nAda,Bath\n", "name,city", 1],
  ];
  for (const [text, header, rows] of texts) {
    const table = await read(text);
    assert.deepEqual([table.header.join(), table.body.length], [header, rows], text);
  }
});

Deno.test("readCsvRows reads quotes as they are found", async () => {
  const texts: [text: string, row: string[]][] = [
    ['a, b, c\n1, "x, y", 3\n', ["1", "x, y", "3"]],
    ['a,b\n"say \\"hi\\", you",2\n', ['say "hi", you', "2"]],
    ['a,b\n"C:\\dir\\",2\n', ["C:\\dir\\", "2"]],
    ['a,b\n5" pipe,2\n', ['5" pipe', "2"]],
    ['a,b\n"abc" def,2\n', ['"abc" def', "2"]],
    ['a,b\n"say ""hi""\r\nor, not",2\n', ['say "hi"\r\nor, not', "2"]],
  ];
  for (const [text, row] of texts) {
    assert.deepEqual((await readCsvRows(text, true)).rows[1], row, text);
  }
});

Deno.test("previewCsv counts the empty cells of one column, and no blank lines of more", async () => {
  const one = await previewFile("t.csv", "name\nAda\n\nBob\n");
  assert.deepEqual(one.slice(2), [
    "────",
    "Ada",
    "",
    "Bob",
    "CSV · 3 rows × 1 column · UTF-8 · 14 B",
  ]);
  const two = await previewFile("t.csv", "\na,b\n\n1,2\n  \n3,4\n\n");
  assert.match(two.at(-1)!, /^CSV · 2 rows × 2 columns/);
});

Deno.test("previewCsv marks a bad byte, and reads the rest as UTF-8", async () => {
  const good = Buffer.from("name,x\nJosé,1\nZürich,2\ncaf");
  const bytes = Buffer.concat([good, Buffer.from([0xe9]), Buffer.from(",3\n")]);
  assert.deepEqual((await previewFile("t.csv", bytes)).slice(3), [
    "José   │   1",
    "Zürich │   2",
    "caf\ufffd   │   3",
    "CSV · 3 rows × 2 columns · comma · UTF-8 with 1 bad byte · 32 B",
  ]);
  const latin = await previewFile("t.csv", Buffer.from("name,x\nJosé,1\nZürich,2\n", "latin1"));
  assert.match(latin.join("\n"), /José.*Zürich.*probably windows-1252/s);
});

Deno.test("previewCsv reads UTF-16 without a byte order mark", async () => {
  const utf16 = Buffer.from("straße;ort\nÄ;Köln\nB;Łódź\n", "utf16le");
  assert.match((await previewFile("t.csv", utf16)).join("\n"), /straße │ ort\n.*Łódź.*UTF-16 LE/s);
  const swapped = Buffer.from(utf16).swap16();
  assert.match((await previewFile("t.csv", swapped)).join("\n"), /straße │ ort\n.*UTF-16 BE/s);
});

Deno.test("previewCsv marks the value that the end of the head cuts", async () => {
  const lines = await previewFile("t.csv", `a,b\n1,${"2".repeat(100_000)}`);
  assert.match(lines[3]!, /^ {2}1 │ 2+…$/);
  const short = { bytes: new Uint8Array(Buffer.from("a,b\n1,23")), size: 100, whole: false };
  assert.match((await previewCsv(short, "t.csv", PLAIN))[3]!, /1 │ 23…$/);
});

Deno.test("previewCsv shows a table that is cut at any byte, and marks a value that may be", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i};"Zoë, ${i} €";${i * 100},5;"a\r\nb"`);
  const whole = Buffer.from("id;name;sum;text\n" + rows.join("\r\n") + "\r\n");
  const all = new Set((await cellsOf(whole)).cells);
  for (let size = 1; size <= 1024; size += fullOr(1, 17)) {
    const { cells, notes } = await cellsOf(whole.subarray(0, size));
    const wrong = cells.filter((row) => !all.has(row));
    assert.ok(notes.length > 0 || wrong.length === 0, `${size} bytes: ${wrong}`);
  }
});

/** The rows that are shown of a table, and what is said below its caption. */
async function cellsOf(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ cells: string[]; notes: string[] }> {
  const head = { bytes, size: bytes.length, whole: true };
  const lines = await previewCsv(head, "t.csv", { ...PLAIN, previewRows: 100 });
  const caption = lines.findIndex((line) => line.startsWith("CSV · "));
  const rows = [lines[0]!, ...lines.slice(3, caption)];
  return {
    cells: rows.map((row) => row.split("│").map((cell) => cell.trim()).join("│")),
    notes: lines.slice(caption + 1),
  };
}
