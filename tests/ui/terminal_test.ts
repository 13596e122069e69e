import assert from "node:assert/strict";
import { createStyle, terminalSize } from "../../src/ui/terminal.ts";
import { runScript } from "../helpers/run_script.ts";

Deno.test("createStyle wraps text in SGR and its end, or leaves it as it is", () => {
  const color = createStyle(true);
  assert.equal(color.bold("a"), "\x1b[1ma\x1b[22m");
  assert.equal(color.red(color.dim("a")), "\x1b[31m\x1b[2ma\x1b[22m\x1b[39m");
  const plain = createStyle(false);
  for (const style of Object.values(plain)) assert.equal(style("a"), "a");
});

Deno.test("terminalSize is a size, with a terminal or without", () => {
  const { columns, rows } = terminalSize();
  assert.ok(columns > 0 && rows > 0);
});

Deno.test("isInteractive, canAnimate and useColor follow terminals and environment", async () => {
  const answers = JSON.parse(
    await runScript(`
    const { isInteractive, canAnimate, useColor } = await import(${JSON.stringify(MODULE)});
    const answer = (change) => {
      const { stdin = true, stdout = true, stderr = true, noColor = false, ...env } = change;
      Deno.stdin.isTerminal = () => stdin;
      Deno.stdout.isTerminal = () => stdout;
      Deno.stderr.isTerminal = () => stderr;
      for (const name of ["TERM", "NO_COLOR"]) Deno.env.set(name, env[name] ?? "");
      return [isInteractive(), canAnimate(), useColor({ noColor })].map(Number).join("");
    };
    console.log(JSON.stringify(${JSON.stringify(Object.values(CASES))}.map(answer)));
  `),
  );
  assert.deepEqual(answers, Object.keys(CASES).map((name) => name.slice(0, 3)));
});

/** Answers of isInteractive, canAnimate and useColor, and what they are given. */
const CASES = {
  "111 on a terminal": {},
  "011 fed by a pipe": { stdin: false },
  "110 into a pipe": { stdout: false },
  "001 errors to a file": { stderr: false },
  "110 with --no-color": { noColor: true },
  "110 with NO_COLOR": { NO_COLOR: "1" },
  "000 on a dumb terminal": { TERM: "dumb" },
};

const MODULE = new URL("../../src/ui/terminal.ts", import.meta.url).href;
