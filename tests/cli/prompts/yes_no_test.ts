import assert from "node:assert/strict";
import { YesNo } from "../../../src/cli/prompts/yes_no.ts";

const { signal } = new AbortController();

Deno.test("YesNo is answered by one key, and no is the default", async () => {
  for (
    const [key, isYes] of [["y", true], ["Y", true], ["n", false], ["\r", false], ["\x1b", false]]
  ) {
    const terminal = new Terminal();
    const answer = new YesNo("Accept a.txt (1 B) from ana?", terminal.options).ask(signal);
    terminal.now = 1_000;
    terminal.type(key as string);
    assert.equal(await answer, isYes);
    assert.ok(terminal.written.endsWith(`Accept a.txt (1 B) from ana? ${isYes ? "yes" : "no"}\n`));
    assert.equal(terminal.listens, false);
  }
});

Deno.test("YesNo ignores keys of its first half second", async () => {
  const terminal = new Terminal();
  const answer = new YesNo("Really?", terminal.options).ask(signal);
  terminal.now = 499;
  terminal.type("y");
  terminal.now = 500;
  terminal.type("n");
  assert.equal(await answer, false);
});

Deno.test("YesNo makes way for what is printed, and is drawn again below it", async () => {
  const terminal = new Terminal();
  const question = new YesNo("Really?", terminal.options);
  const answer = question.ask(signal);
  assert.match(terminal.written, /Really\? \(y\/N\).*\n[^\n]*$/);
  terminal.written = "";
  {
    using _ = question.suspend();
    // One line up, and gone.
    assert.ok(terminal.written.startsWith("\x1b[1A\r") && terminal.written.endsWith("\x1b[1M"));
    terminal.written = "received a.txt\n";
  }
  assert.match(terminal.written, /^received a\.txt\n\r.*Really\? \(y\/N\).*\n[^\n]*$/);
  terminal.now = 1_000;
  terminal.type("y");
  assert.equal(await answer, true);
});

Deno.test("YesNo is no where its signal aborts first", async () => {
  const stop = new AbortController();
  const terminal = new Terminal();
  const answer = new YesNo("Really?", terminal.options).ask(stop.signal);
  stop.abort();
  assert.equal(await answer, false);
  assert.equal(await new YesNo("Really?", terminal.options).ask(stop.signal), false);
});

/** A terminal of 80 columns, with keys and a clock in the hands of the test. */
class Terminal {
  written = "";
  now = 0;
  listens = false;
  type: (key: string) => void = () => {};

  readonly options = {
    write: (text: string) => void (this.written += text),
    columns: () => 80,
    now: () => this.now,
    keys: (take: (key: string) => void) => {
      this.type = take;
      this.listens = true;
      return { [Symbol.dispose]: () => void (this.listens = false) };
    },
  };
}
