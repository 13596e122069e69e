import assert from "node:assert/strict";
import { ProgressDisplay } from "../../src/ui/progress.ts";
import { FakeTerminal } from "./fake_terminal.ts";

Deno.test("ProgressDisplay draws a line for each that runs, and takes it away when it ends", () => {
  const { display, terminal } = start();
  using _ = display;
  display.update({ id: "1", name: "a.png", bytes: 50, total: 100 });
  assert.deepEqual(terminal.lines, [], "nothing before the first draw");
  display.draw();
  assert.match(terminal.lines.join("\n"), /^a\.png {3}50%/);
  display.update({ id: "2", name: "b.png", bytes: 0, total: 100 });
  display.draw();
  assert.deepEqual(names(terminal), ["a.png", "b.png", "total, 0 of 2 done"]);
  display.finish("1");
  display.draw();
  assert.deepEqual(names(terminal), ["b.png"]);
  display.finish("2");
  assert.deepEqual(terminal.lines, []);
});

Deno.test("ProgressDisplay draws ten times a second, and not at all when nothing runs", () => {
  const timers = new Map<number, number>();
  const { setInterval, clearInterval } = globalThis;
  globalThis.setInterval = ((_: () => void, ms: number) => {
    const timer = setInterval(() => {}, ms);
    timers.set(Number(timer), ms);
    return timer;
  }) as typeof setInterval;
  globalThis.clearInterval = (timer) => {
    timers.delete(Number(timer));
    clearInterval(timer);
  };
  try {
    const { display } = start();
    for (let i = 0; i < 50; i++) display.update({ id: "1", name: "a", bytes: i, total: 50 });
    assert.deepEqual([...timers.values()], [100]);
    display.finish("1");
    assert.equal(timers.size, 0);
    display.close();
    display.update({ id: "2", name: "b", bytes: 0, total: 50 });
    assert.equal(timers.size, 0);
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
  }
});

Deno.test("ProgressDisplay writes nothing when nothing changed", () => {
  const { display, terminal } = start();
  using _ = display;
  display.update({ id: "1", name: "a", bytes: 1, total: 2 });
  display.draw();
  const { writes } = terminal;
  display.draw();
  assert.equal(terminal.writes, writes);
});

Deno.test("ProgressDisplay prints above the progress and draws it again", () => {
  const { display, terminal } = start();
  using _ = display;
  display.print("before");
  display.update({ id: "1", name: "a.png", bytes: 1, total: 2 });
  display.draw();
  display.print("note 1");
  display.print("note 2");
  assert.deepEqual(names(terminal), ["before", "note 1", "note 2", "a.png"]);
});

Deno.test("ProgressDisplay keeps off the terminal while it is suspended", () => {
  const { display, terminal } = start();
  using _ = display;
  display.update({ id: "1", name: "a.png", bytes: 1, total: 2 });
  display.draw();
  {
    using _outer = display.suspend();
    using _inner = display.suspend();
    terminal.write("question?\n");
    display.draw();
    display.print("printed");
    assert.deepEqual(terminal.lines, ["question?", "printed"]);
  }
  assert.deepEqual(names(terminal), ["question?", "printed", "a.png"]);
});

Deno.test("ProgressDisplay leaves the screen as it was when it is closed, and stays closed", () => {
  const { display, terminal } = start();
  terminal.write("$ p2p send\n");
  for (const id of ["1", "2"]) display.update({ id, name: id, bytes: 1, total: 2 });
  display.draw();
  display.close();
  display.update({ id: "3", name: "late", bytes: 1, total: 2 });
  display.draw();
  assert.deepEqual(terminal.lines, ["$ p2p send"]);
  assert.equal(terminal.row, 1);
  assert.equal(terminal.wraps, true);
});

Deno.test("ProgressDisplay shows the rate and the time left from its clock", () => {
  const { display, terminal, clock } = start();
  using _ = display;
  display.update({ id: "1", name: "a", bytes: 1_000_000, total: 5_000_000 });
  clock.now += 1000;
  display.update({ id: "1", name: "a", bytes: 2_000_000, total: 5_000_000 });
  display.draw();
  assert.match(terminal.lines[0]!, /1\.0 MB\/s {2}3 s left/);
});

Deno.test("ProgressDisplay says since when nothing moves, and why, until something does", () => {
  const { display, terminal, clock } = start();
  using _ = display;
  display.update({ id: "1", name: "a.png", bytes: 41, total: 100 });
  display.stall({ id: "1", name: "a.png", seconds: 5, waitsFor: "no receipt yet" });
  clock.now += 2_000;
  display.draw();
  assert.deepEqual(terminal.lines, ["a.png   41%  waiting 7 s: no receipt yet"]);
  display.update({ id: "1", name: "a.png", bytes: 42, total: 100 });
  display.draw();
  assert.doesNotMatch(terminal.lines.join(), /waiting/);
  display.finish("1");
  // One that has not begun has a line for that alone.
  display.stall({ id: "2", name: "b.png", seconds: 5, waitsFor: "no answer to the offer yet" });
  display.draw();
  assert.match(terminal.lines.join(), /^b\.png +waiting 5 s: no answer to the offer yet$/);
});

Deno.test("ProgressDisplay adds up what runs and what has ended, and starts at zero after a rest", () => {
  const { display, terminal } = start();
  using _ = display;
  for (const id of ["1", "2", "3"]) display.update({ id, name: id, bytes: 300, total: 600 });
  display.finish("1");
  display.draw();
  assert.match(terminal.lines[2]!, /^total, 1 of 3 done +60% .* 900 B \/ 1\.5 KB$/);
  display.finish("2");
  display.finish("3");
  for (const id of ["4", "5"]) display.update({ id, name: id, bytes: 0, total: undefined });
  display.draw();
  assert.match(terminal.lines[2]!, /^total, 0 of 2 done +0 B$/);
});

Deno.test("ProgressDisplay redraws whole in the new width after a resize", () => {
  for (const columns of [40, 60, 120]) {
    const { display, terminal } = start();
    using _ = display;
    terminal.write("above\n");
    for (const id of ["1", "2"]) {
      display.update({ id, name: `a-rather-long-name-of-${id}.tar.gz`, bytes: 1, total: 2 });
    }
    display.draw();
    terminal.resize(columns);
    display.draw();
    assert.equal(terminal.lines.length, 4, terminal.lines.join("\n"));
    assert.equal(terminal.lines[0], "above");
    display.finish("1");
    display.finish("2");
    assert.deepEqual(terminal.lines, ["above"]);
  }
});

function start() {
  const terminal = new FakeTerminal(100);
  const clock = { now: 0 };
  const display = new ProgressDisplay({
    write: (text) => terminal.write(text),
    size: () => ({ columns: terminal.columns, rows: 24 }),
    now: () => clock.now,
  });
  return { display, terminal, clock };
}

function names(terminal: FakeTerminal): string[] {
  return terminal.lines.map((line) => line.split(/ {2,}/)[0]!);
}
