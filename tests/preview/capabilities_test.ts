import assert from "node:assert/strict";
import { capabilitiesOf } from "../../src/preview/capabilities.ts";

Deno.test("capabilitiesOf knows terminals by name, and uses no more than they are known for", () => {
  const cases: [env: Record<string, string>, graphics: string, color: string][] = [
    [{ TERM: "xterm-kitty", KITTY_WINDOW_ID: "1" }, "kitty", "truecolor"],
    [{ TERM: "xterm-ghostty" }, "kitty", "truecolor"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app" }, "iterm2", "truecolor"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "WezTerm" }, "iterm2", "truecolor"],
    [{ TERM: "foot" }, "sixel", "truecolor"],
    [{ TERM: "foot-extra" }, "sixel", "truecolor"],
    [{ TERM: "xterm-256color", COLORTERM: "truecolor" }, "blocks", "truecolor"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "Apple_Terminal" }, "blocks", "256"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "vscode", COLORTERM: "24bit" }, "blocks", "truecolor"],
    [{ OS: "Windows_NT" }, "blocks", "truecolor"],
    [{ TERM: "linux" }, "blocks", "256"],
  ];
  for (const [env, graphics, color] of cases) {
    assert.deepEqual(capabilitiesOf(env, true), { graphics, color }, JSON.stringify(env));
  }
});

Deno.test("capabilitiesOf trusts no variable that a multiplexer passes on", () => {
  const inner = [{ TMUX: "/tmp/tmux-0/default,1,0" }, { STY: "1.x" }, { TERM: "screen-256color" }];
  for (const env of inner) {
    const all = { TERM: "xterm-kitty", KITTY_WINDOW_ID: "1", TERM_PROGRAM: "iTerm.app", ...env };
    assert.equal(capabilitiesOf(all, true).graphics, "blocks");
  }
});

Deno.test("capabilitiesOf gives plain characters without terminal, with NO_COLOR, and to dumb terminals", () => {
  const plain = { graphics: "characters", color: "none" };
  assert.deepEqual(capabilitiesOf({ TERM: "xterm-kitty" }, false), plain);
  assert.deepEqual(capabilitiesOf({ TERM: "xterm-kitty", NO_COLOR: "1" }, true), plain);
  assert.deepEqual(capabilitiesOf({ TERM: "dumb", COLORTERM: "truecolor" }, true), plain);
  assert.deepEqual(capabilitiesOf({}, true), plain);
  assert.equal(capabilitiesOf({ TERM: "xterm", NO_COLOR: "" }, true).color, "256");
});
