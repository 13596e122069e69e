import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { type ProgressItem, renderProgress } from "../../src/ui/render_progress.ts";
import { fullOr } from "../helpers/full_or.ts";
import { anyText } from "../helpers/any_text.ts";

const photo: ProgressItem = { name: "photo.png", bytes: 4.3e6, total: 1e7, rate: 1.2e6 };
const stdin: ProgressItem = { name: "notes", bytes: 1234, total: undefined, rate: 500 };

Deno.test("renderProgress shows name, percent, bar, rate, time left and bytes", () => {
  assert.deepEqual(renderProgress([photo], { columns: 100, rows: 24 }), [
    "photo.png   43%  ██████████░░░░░░░░░░░░░░   1.2 MB/s  5 s left          4.3 MB / 10.0 MB",
  ]);
});

Deno.test("renderProgress puts a note in place of bar and rate, and cuts it in a narrow terminal", () => {
  const note = "waiting 7 s: the receiver has granted no more (4.0 MB in flight)";
  const item = { name: "photo.png", bytes: 41, total: 100, rate: 1, note };
  for (const columns of [200, 80, 40, 20, 10, 3]) {
    const [line] = renderProgress([item], { columns, rows: 24 });
    assert.ok(stringWidth(line!) < columns, `${columns}: ${line}`);
    if (columns === 200) assert.equal(line, `photo.png   41%  ${note}`);
    if (columns === 40) assert.equal(line, "photo.png   41%  waiting 7 s: the rece…");
  }
});

Deno.test("renderProgress drops parts from the right as the terminal narrows", () => {
  const at = (columns: number) => renderProgress([photo], { columns, rows: 24 })[0];
  assert.equal(at(74), "photo.png   43%  ███░░░░░   1.2 MB/s  5 s left          4.3 MB / 10.0 MB");
  assert.equal(at(73), "photo.png   43%  ██████████░░░░░░░░░░░░░░   1.2 MB/s  5 s left");
  assert.equal(at(40), "photo.png   43%  ████░░░░░░░   1.2 MB/s");
  assert.equal(at(30), "photo.png   43%  █████░░░░░░░");
  assert.equal(at(20), "photo.png   43%");
  assert.equal(at(15), "photo.png");
  assert.equal(at(7), "pho…ng");
  assert.equal(at(1), "…");
});

Deno.test("renderProgress shows bytes and rate where no total is known", () => {
  assert.deepEqual(renderProgress([stdin], { columns: 80, rows: 24 }), [
    "notes   1.2 KB    500 B/s",
  ]);
});

Deno.test("renderProgress shortens a name in the middle, by width, and makes it printable", () => {
  const nameOf = (name: string) => {
    const [line] = renderProgress([{ ...photo, name }], { columns: 40, rows: 24 });
    return line!.split(/ {2,}/)[0];
  };
  assert.equal(nameOf("a-name-that-is-longer-than-twelve.png"), "a-name…e.png");
  assert.equal(nameOf("日本語のファイル名.png"), "日本語….png");
  assert.equal(nameOf("e\u0301".repeat(30)), `${"e\u0301".repeat(6)}…${"e\u0301".repeat(5)}`);
  assert.equal(nameOf("a\x1b[2Jb"), "a\\u{1b}[2Jb");
});

Deno.test("renderProgress says stalled at no rate, and nothing while it is too early or all is there", () => {
  const lineOf = (change: Partial<ProgressItem>) =>
    renderProgress([{ ...photo, ...change }], { columns: 70, rows: 24 })[0]!;
  assert.match(lineOf({ rate: 0 }), /0 B\/s {2}stalled$/);
  assert.match(lineOf({ rate: 1e-9 }), /0 B\/s {2}stalled$/);
  assert.match(lineOf({ rate: undefined }), /[█░]$/);
  assert.match(lineOf({ bytes: 1e7 }), /100% .* 1\.2 MB\/s$/);
  assert.match(lineOf({ bytes: 0, total: 0 }), / 100% {2}█+░{0}/);
});

Deno.test("renderProgress reaches 100% only with the last byte, and never goes beyond", () => {
  const percentOf = (bytes: number, total: number) =>
    renderProgress([{ ...photo, bytes, total }], { columns: 80, rows: 24 })[0]!.match(/\d+%/)![0];
  assert.equal(percentOf(999_999, 1_000_000), "99%");
  assert.equal(percentOf(1_000_000, 1_000_000), "100%");
  assert.equal(percentOf(2_000_000, 1_000_000), "100%");
});

Deno.test("renderProgress puts the overall line last and lines up the columns", () => {
  const overall = { name: "total, 0 of 2 done", bytes: 5000, total: undefined, rate: 700 };
  const lines = renderProgress([photo, stdin], { columns: 90, rows: 24, overall });
  assert.equal(lines.length, 3);
  assert.match(lines[2]!, /^total, 0 of 2 done /);
  assert.equal(new Set(lines.map((line) => line.indexOf("B/s"))).size, 1);
});

Deno.test("renderProgress lines up after names of wide characters", () => {
  const lines = renderProgress([photo, { ...photo, name: "日本" }], { columns: 90, rows: 24 });
  const [first, second] = lines.map((line) => stringWidth(line.split("%")[0]!));
  assert.equal(first, second);
});

Deno.test("renderProgress leaves a row for the cursor and says how many it leaves out", () => {
  const items = Array.from({ length: 20 }, (_, i) => ({ ...photo, name: `file${i}` }));
  const overall = { ...photo, name: "total" };
  const namesAt = (rows: number) =>
    renderProgress(items, { columns: 80, rows, overall }).map((line) => line.split("  ")[0]);
  assert.deepEqual(namesAt(5), ["file0", "file1", "and 18 more", "total"]);
  assert.deepEqual(namesAt(3), ["and 20 more", "total"]);
  assert.deepEqual(namesAt(2), ["total"]);
  assert.equal(namesAt(100).length, 10);
});

Deno.test("renderProgress never fills a row of the terminal, whatever the names and numbers", () => {
  const item = fc.record({
    name: anyText({ maxLength: 60 }),
    bytes: fc.maxSafeNat(),
    total: fc.option(fc.maxSafeNat(), { nil: undefined }),
    rate: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }), { nil: undefined }),
  });
  const size = fc.record({ columns: fc.integer({ min: 2, max: 200 }), rows: fc.constant(24) });
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), size, (items, size) => {
      const lines = renderProgress(items, size);
      assert.equal(lines.length, items.length);
      for (const line of lines) assert.ok(stringWidth(line) < size.columns, line);
    }),
    { numRuns: fullOr(100, 20) },
  );
});
