import assert from "node:assert/strict";
import fc from "fast-check";
import { repaint } from "../../src/ui/repaint.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const lines = fc.array(fc.stringMatching(/^[a-c]{1,9}$/), { maxLength: 5 });
const widths = fc.integer({ min: 10, max: 20 });

Deno.test("repaint turns any lines into any others and leaves the cursor below them", () => {
  fc.assert(fc.property(lines, lines, (before, after) => {
    const terminal = showing(before, 10);
    terminal.write(repaint(before, after, { columns: 10, resized: false }));
    assert.deepEqual(terminal.lines, ["above", ...after]);
    assert.equal(terminal.row, 1 + after.length);
  }));
});

Deno.test("repaint clears what a narrower terminal has wrapped", () => {
  fc.assert(fc.property(lines, lines, widths, widths, (before, after, from, to) => {
    const long = before.map((line) => line.repeat(9).slice(0, from - 1));
    const terminal = showing(long, from);
    terminal.resize(to);
    terminal.write(repaint(long, after, { columns: to, resized: true }));
    assert.deepEqual(terminal.lines, ["above", ...after]);
  }));
});

Deno.test("repaint writes the lines that changed, and nothing where none did", () => {
  const options = { columns: 80, resized: false };
  assert.equal(repaint(["one", "two"], ["one", "two"], options), "");
  assert.equal(repaint([], [], options), "");
  const frame = repaint(["one", "two", "three"], ["one", "TWO", "three"], options);
  assert.deepEqual(frame.match(/[a-zA-Z]{3,}/g), ["TWO"]);
});

Deno.test("repaint keeps the terminal from wrapping while it draws", () => {
  const frame = repaint([], ["one"], { columns: 80, resized: false });
  assert.match(frame, /\[\?7l.*one.*\[\?7h/s);
});

function showing(lines: readonly string[], columns: number): FakeTerminal {
  const terminal = new FakeTerminal(columns);
  for (const line of ["above", ...lines]) terminal.write(`${line}\n`);
  return terminal;
}
