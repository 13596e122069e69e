import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Far more than it takes, and far less than an expression that tries everything: that takes hours, or years. */
const WITHIN_MS = 60_000;

Deno.test("no expression that looks at text of a peer is slow on a long one", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-env",
      fileURLToPath(new URL("long_text.ts", import.meta.url)),
    ],
    signal: AbortSignal.timeout(WITHIN_MS),
    stdin: "null",
    stderr: "inherit",
  }).output();
  const done = new TextDecoder().decode(stdout).trim().split("\n");
  assert.equal(done.at(-1), "all of it", `slow behind ${done.at(-1)}`);
});
